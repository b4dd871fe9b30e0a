//===- SharedLibrary.cpp - object and weights to a library ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedLibrary.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

using namespace llvm;

namespace {

constexpr uint64_t segmentAlignment = 4096;

Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// Names of the tools that may be the linker, best first.
Expected<std::string> findLinker() {
  for (StringRef name : {"ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return fail("cannot find ld.lld-22 or ld.lld; install Debian's lld-22");
}

/// The weights stand last, in a segment of their own without contents: they
/// are appended to the file once it is linked.
std::string linkerScript(uint64_t weightsBytes) {
  return formatv(R"(PHDRS {{
  headers PT_LOAD FILEHDR PHDRS FLAGS(4);
  text PT_LOAD FLAGS(5);
  data PT_LOAD FLAGS(6);
  dynamic PT_DYNAMIC FLAGS(6);
  stack PT_GNU_STACK FLAGS(6);
  weights PT_LOAD FLAGS(4);
}
SECTIONS {{
  . = SIZEOF_HEADERS;
  .dynsym : {{ *(.dynsym) } :headers
  .gnu.hash : {{ *(.gnu.hash) } :headers
  .hash : {{ *(.hash) } :headers
  .dynstr : {{ *(.dynstr) } :headers
  .rela.dyn : {{ *(.rela.dyn) } :headers
  .rela.plt : {{ *(.rela.plt) } :headers
  .rodata : {{ *(.rodata .rodata.*) } :headers
  .eh_frame : {{ *(.eh_frame) } :headers
  . = ALIGN(0x1000);
  .text : {{ *(.text .text.*) } :text
  .plt : {{ *(.plt) } :text
  . = ALIGN(0x1000);
  .data.rel.ro : {{ *(.data.rel.ro .data.rel.ro.*) } :data
  .dynamic : {{ *(.dynamic) } :data :dynamic
  .got : {{ *(.got .got.plt) } :data
  .data : {{ *(.data .data.*) } :data
  .bss : {{ *(.bss .bss.*) } :data
  . = ALIGN(0x1000);
  .tfc_weights (NOLOAD) : {{ HIDDEN(tfc_weights = .); . += {0}; } :weights
}
)",
                 std::max<uint64_t>(weightsBytes, 64));
}

Error writeAll(StringRef path, StringRef text) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (error)
    return fail("cannot write '" + path + "': " + error.message());
  stream << text;
  stream.close();
  if (stream.has_error()) {
    error = stream.error();
    stream.clear_error();
    return fail("cannot write '" + path + "': " + error.message());
  }
  return Error::success();
}

Error runLinker(StringRef linker, ArrayRef<StringRef> arguments,
                StringRef log) {
  std::string problem;
  std::optional<StringRef> redirects[] = {std::nullopt, log, log};
  int code = sys::ExecuteAndWait(linker, arguments, std::nullopt, redirects, 0,
                                 0, &problem);
  if (code == 0)
    return Error::success();
  std::string output;
  if (auto buffer = MemoryBuffer::getFile(log))
    output = (*buffer)->getBuffer().str();
  return fail("'" + linker + "' failed: " + problem + output);
}

/// A file descriptor that closes itself.
struct Descriptor {
  int fd;
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

/// Gives the weights' segment its contents at offset `offset` of the file.
Error patchHeaders(int fd, StringRef path, uint64_t offset, uint64_t bytes) {
  ELF::Elf64_Ehdr header;
  if (::pread(fd, &header, sizeof(header), 0) != sizeof(header))
    return fail("cannot read '" + path + "'");
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ELF::Elf64_Phdr segment;
    off_t at = header.e_phoff + i * sizeof(segment);
    if (::pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
      return fail("cannot read '" + path + "'");
    if (segment.p_type != ELF::PT_LOAD || segment.p_memsz < bytes ||
        segment.p_filesz != 0 || segment.p_flags != ELF::PF_R)
      continue;
    segment.p_offset = offset;
    segment.p_filesz = segment.p_memsz;
    segment.p_align = segmentAlignment;
    if (::pwrite(fd, &segment, sizeof(segment), at) != sizeof(segment))
      return fail("cannot write '" + path + "'");
    return Error::success();
  }
  return fail("the linker made no segment for the weights in '" + path + "'");
}

/// Copies in the kernel, so that the weights never enter this process.
Error appendFile(int to, StringRef toPath, uint64_t offset, StringRef fromPath,
                 uint64_t bytes) {
  if (::lseek(to, offset, SEEK_SET) < 0 ||
      ::ftruncate(to, offset + std::max<uint64_t>(bytes, 64)) != 0)
    return fail("cannot write '" + toPath + "'");
  if (bytes == 0)
    return Error::success();
  Descriptor from(::open(fromPath.str().c_str(), O_RDONLY | O_CLOEXEC));
  if (from.fd < 0)
    return fail("cannot read '" + fromPath + "'");
  while (bytes > 0) {
    ssize_t copied = ::sendfile(to, from.fd, nullptr, bytes);
    if (copied < 0 && errno == EINTR)
      continue;
    if (copied <= 0)
      return fail("cannot copy the weights to '" + toPath +
                  "'; is the disk full?");
    bytes -= copied;
  }
  return Error::success();
}

} // namespace

Expected<std::string> tfc::x86::findEntryObject(StringRef directory,
                                                StringRef entry) {
  SmallVector<std::string> places;
  if (!directory.empty()) {
    SmallString<256> path(directory);
    sys::path::append(path, entry);
    if (sys::fs::exists(path))
      return path.str().str();
    return fail("cannot find " + entry + " in " + directory);
  }
  if (const char *dir = ::getenv("TFC_RUNTIME_DIR"))
    places.push_back(dir);
  std::string self = sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&findEntryObject));
  SmallString<256> beside(sys::path::parent_path(sys::path::parent_path(self)));
  sys::path::append(beside, "lib", "tfc");
  places.push_back(beside.str().str());
  // In another's program: beside the library that has this code.
  Dl_info library;
  if (::dladdr(reinterpret_cast<void *>(&findEntryObject), &library) &&
      library.dli_fname) {
    SmallString<256> own(sys::path::parent_path(library.dli_fname));
    sys::path::append(own, "tfc");
    places.push_back(own.str().str());
  }
  for (const std::string &dir : places) {
    SmallString<256> path(dir);
    sys::path::append(path, entry);
    if (sys::fs::exists(path))
      return path.str().str();
  }
  return fail("cannot find " + entry + " in " + join(places, " or ") +
              "; set TFC_RUNTIME_DIR to the folder that has it");
}

Error tfc::x86::linkSharedLibrary(StringRef object, StringRef weightsFile,
                                  StringRef runtimeDirectory,
                                  StringRef entryName,
                                  ArrayRef<StringRef> libraries,
                                  StringRef output) {
  uint64_t weightsBytes = 0;
  if (!weightsFile.empty())
    if (std::error_code error = sys::fs::file_size(weightsFile, weightsBytes))
      return fail("cannot read '" + weightsFile + "': " + error.message());
  Expected<std::string> linker = findLinker();
  if (!linker)
    return linker.takeError();
  Expected<std::string> entry = findEntryObject(runtimeDirectory, entryName);
  if (!entry)
    return entry.takeError();

  std::string script = (output + ".ld").str(), log = (output + ".log").str();
  llvm::scope_exit cleanup([&] {
    sys::fs::remove(script);
    sys::fs::remove(log);
  });
  if (Error error = writeAll(script, linkerScript(weightsBytes)))
    return error;
  SmallVector<StringRef> arguments = {*linker,
                                      "-shared",
                                      "-o",
                                      output,
                                      object,
                                      *entry,
                                      "-T",
                                      script,
                                      "--hash-style=gnu",
                                      "--gc-sections",
                                      "-z",
                                      "norelro",
                                      "-z",
                                      "noexecstack",
                                      "--build-id=none",
                                      "--no-dynamic-linker",
                                      "--exclude-libs",
                                      "ALL"};
  // Double precision calls the C library's mathematics: the artefact then names
  // it, so that it loads in programs that do not.
  arguments.push_back("--as-needed");
  std::vector<std::string> found;
  for (StringRef library : libraries)
    for (StringRef folder : {"/lib/x86_64-linux-gnu/", "/lib64/"}) {
      std::string place = (folder + library).str();
      if (!sys::fs::exists(place))
        continue;
      found.push_back(place);
      break;
    }
  for (const std::string &place : found)
    arguments.push_back(place);
  if (Error error = runLinker(*linker, arguments, log))
    return error;

  Descriptor file(::open(output.str().c_str(), O_RDWR | O_CLOEXEC));
  uint64_t size = 0;
  if (file.fd < 0 || sys::fs::file_size(output, size))
    return fail("cannot read '" + output + "'");
  uint64_t offset = alignTo(size, segmentAlignment);
  if (Error error = patchHeaders(file.fd, output, offset, weightsBytes))
    return error;
  return appendFile(file.fd, output, offset, weightsFile, weightsBytes);
}
