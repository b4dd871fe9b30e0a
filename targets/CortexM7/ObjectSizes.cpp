//===- ObjectSizes.cpp - what an object takes on the device -----*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ObjectSizes.h"
#include "EntryFunctions.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace tfc::m7;

/// What newlib's memcpy and memset push at most.
constexpr uint64_t libraryStack = 64;

static bool isAllowed(StringRef name) {
  return name == "memcpy" || name == "memset" ||
         name.starts_with("__aeabi_memcpy") ||
         name.starts_with("__aeabi_memset") ||
         name.starts_with("__aeabi_memclr");
}

/// Whether `place`, "file:function", is one of those that firmware calls.
static bool isEntry(StringRef place, StringRef prefix) {
  return llvm::any_of(entrySuffixes, [&](StringRef suffix) {
    return place.ends_with((":" + prefix + suffix).str());
  });
}

/// Sums of the frames in lines "file:function<TAB>bytes<TAB>static"; of those
/// that firmware calls one is there at a time.
static FailureOr<uint64_t> sumFrames(ModuleOp module, StringRef text,
                                     StringRef prefix) {
  uint64_t sum = 0, entry = 0;
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    SmallVector<StringRef> fields;
    line.split(fields, '\t');
    uint64_t bytes = 0;
    if (fields.size() < 3 || fields[1].getAsInteger(10, bytes))
      return module.emitError("cannot read LLVM's list of frames");
    if (fields[2] != "static")
      return module.emitError("a frame of the code has no fixed size");
    if (isEntry(fields[0], prefix))
      entry = std::max(entry, bytes);
    else
      sum += bytes;
  }
  return sum + entry;
}

FailureOr<ObjectSizes> tfc::m7::measureObject(ModuleOp module, StringRef object,
                                              StringRef stackUsage,
                                              StringRef prefix) {
  ObjectSizes sizes;
  auto frames = llvm::MemoryBuffer::getFile(stackUsage);
  if (!frames)
    return module.emitError("cannot read '") << stackUsage << "'";
  FailureOr<uint64_t> stack = sumFrames(module, (*frames)->getBuffer(), prefix);
  if (failed(stack))
    return failure();
  sizes.stack = *stack + libraryStack;
  auto file = llvm::object::ObjectFile::createObjectFile(object);
  if (!file)
    return module.emitError(llvm::toString(file.takeError()));
  for (const llvm::object::SectionRef &ref : file->getBinary()->sections()) {
    llvm::object::ELFSectionRef section(ref);
    uint64_t flags = section.getFlags();
    if (!(flags & llvm::ELF::SHF_ALLOC) || section.getSize() == 0)
      continue;
    if (section.isBSS() || (flags & llvm::ELF::SHF_WRITE))
      return module.emitError("the code has data that is not constant");
    uint64_t bytes = llvm::alignTo(section.getSize(), 8);
    sizes.flash += bytes;
    if (flags & llvm::ELF::SHF_EXECINSTR)
      sizes.code += bytes;
  }
  for (llvm::object::SymbolRef symbol : file->getBinary()->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name)
      return module.emitError("cannot read the object's symbols");
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() &&
        !isAllowed(*name))
      sizes.undefined.push_back(name->str());
  }
  return sizes;
}
