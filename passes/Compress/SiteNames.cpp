//===- SiteNames.cpp - what users call operations ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SiteNames.h"
#include "tfc/Passes/Compress/Compression.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace tfc;
using namespace tfc::compress;

SiteNames::SiteNames(func::FuncOp function) {
  llvm::DenseMap<OperationName, llvm::StringMap<unsigned>> counts;
  function.walk([&](Operation *op) {
    StringRef name = op->getName().getStringRef();
    if (auto named = op->getLoc()->findInstanceOf<NameLoc>())
      if (!named.getName().empty())
        name = named.getName();
    unsigned count = ++counts[op->getName()][name];
    names[op] =
        count == 1 ? name.str() : (name + "#" + llvm::Twine(count)).str();
  });
}

std::string tfc::compress::siteName(Operation *op) {
  return SiteNames(op->getParentOfType<func::FuncOp>())[op].str();
}

FailureOr<llvm::StringMap<int64_t>>
tfc::compress::readSiteNumbers(func::FuncOp function, StringRef pass,
                               StringRef option,
                               ArrayRef<std::string> entries) {
  llvm::StringMap<int64_t> numbers;
  for (StringRef entry : entries) {
    auto [site, number] = entry.rsplit('=');
    int64_t value = 0;
    if (site.empty() || number.getAsInteger(10, value) || value < 1)
      return function.emitError(pass)
             << ": " << option << " takes SITE=N, N from 1 on, not '" << entry
             << "'";
    if (!numbers.try_emplace(site, value).second)
      return function.emitError(pass)
             << ": " << option << " names '" << site << "' twice";
  }
  return numbers;
}

void tfc::compress::noteCompression(func::FuncOp function, StringRef pass,
                                    StringRef site,
                                    ArrayRef<NamedAttribute> details) {
  Builder b(function.getContext());
  SmallVector<NamedAttribute> entry(details);
  entry.push_back(b.getNamedAttr("pass", b.getStringAttr(pass)));
  entry.push_back(b.getNamedAttr("site", b.getStringAttr(site)));
  SmallVector<Attribute> notes;
  if (auto before = function->getAttrOfType<ArrayAttr>(notesName))
    notes.assign(before.begin(), before.end());
  notes.push_back(b.getDictionaryAttr(entry));
  function->setAttr(notesName, b.getArrayAttr(notes));
}
