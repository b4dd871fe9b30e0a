//===- NodeOrigins.cpp - the nodes behind operations ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/Codegen/NodeOrigins.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tfc::codegen;

static void collectNames(Location location, llvm::SetVector<StringRef> &names) {
  if (auto named = dyn_cast<NameLoc>(location)) {
    if (!named.getName().empty())
      names.insert(named.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    collectNames(call.getCallee(), names);
  }
}

SmallVector<StringRef> tfc::codegen::nodeNames(Location location) {
  llvm::SetVector<StringRef> names;
  collectNames(location, names);
  return names.takeVector();
}

SmallVector<StringRef> tfc::codegen::operatorsOf(ModuleOp module,
                                                 Location location) {
  llvm::SetVector<StringRef> operators;
  auto known = module->getAttrOfType<DictionaryAttr>("tfc.operators");
  for (StringRef name : nodeNames(location))
    if (auto entry = known ? known.getAs<ArrayAttr>(name) : ArrayAttr())
      for (auto each : entry.getAsRange<StringAttr>())
        operators.insert(each.getValue());
  return operators.takeVector();
}
