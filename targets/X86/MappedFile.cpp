//===- MappedFile.cpp - constants that lie in files -------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappedFile.h"

#include "llvm/Support/MathExtras.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace tfc::x86;

void tfc::x86::releasePages(ArrayRef<char> bytes) {
  uintptr_t page = ::sysconf(_SC_PAGESIZE),
            data = reinterpret_cast<uintptr_t>(bytes.data());
  uintptr_t begin = llvm::alignTo(data, page),
            end = (data + bytes.size()) / page * page;
#ifdef MADV_PAGEOUT
  if (begin < end)
    (void)::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_PAGEOUT);
#endif
}

bool UnnamedFile::open(StringRef path) {
  close();
  std::string name = path.str();
  descriptor =
      ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return false;
  // What is open stays; whatever ends the program, no file is left.
  ::unlink(name.c_str());
  size = 0;
  return true;
}

void UnnamedFile::close() {
  if (descriptor >= 0)
    ::close(descriptor);
  descriptor = -1;
}

std::optional<AsmResourceBlob> UnnamedFile::keep(ArrayRef<char> bytes) {
  uint64_t begin = llvm::alignTo(size, ::sysconf(_SC_PAGESIZE));
  for (size_t written = 0; written < bytes.size();) {
    ssize_t count = ::pwrite(descriptor, bytes.data() + written,
                             bytes.size() - written, begin + written);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return std::nullopt;
    written += count;
  }
  void *mapped =
      ::mmap(nullptr, bytes.size(), PROT_READ, MAP_PRIVATE, descriptor, begin);
  if (mapped == MAP_FAILED)
    return std::nullopt;
  size = begin + bytes.size();
  return UnmanagedAsmResourceBlob::allocateWithAlign(
      ArrayRef<char>(static_cast<const char *>(mapped), bytes.size()), 64,
      [](void *data, size_t length, size_t) { ::munmap(data, length); });
}
