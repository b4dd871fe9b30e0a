//===- Recipe.cpp - a compression to be done again --------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recipe.h"
#include "Output.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/YAMLTraits.h"

using namespace tfc;
using llvm::StringRef;

template <>
struct llvm::yaml::MappingTraits<Recipe> {
  static void mapping(IO &io, Recipe &recipe) {
    io.mapRequired("tfc-recipe", recipe.version);
    io.mapRequired("model-sha256", recipe.model);
    io.mapOptional("calibration-sha256", recipe.calibration);
    io.mapRequired("compress", recipe.passes);
    io.mapOptional("fit", recipe.fit, true);
    io.mapOptional("quantize", recipe.quantize, false);
    io.mapOptional("quantize-keep", recipe.quantizeKeep);
  }
};

llvm::Expected<Recipe> Recipe::read(StringRef path) {
  auto text = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!text)
    return llvm::createStringError("cannot read '" + path +
                                   "': " + text.getError().message());
  std::string message;
  llvm::yaml::Input input(
      **text, nullptr,
      [](const llvm::SMDiagnostic &what, void *to) {
        *static_cast<std::string *>(to) = what.getMessage().str();
      },
      &message);
  Recipe recipe;
  input >> recipe;
  if (input.error())
    return llvm::createStringError("'" + path +
                                   "' is no recipe: " + StringRef(message));
  if (recipe.version != 1)
    return llvm::createStringError("'" + path + "' is a recipe of version " +
                                   llvm::Twine(recipe.version) +
                                   "; this tfc reads version 1");
  return recipe;
}

llvm::Error Recipe::write(StringRef path) const {
  return writeWhole(path, [&](llvm::raw_ostream &stream) {
    llvm::yaml::Output output(stream, nullptr, /*WrapColumn=*/0);
    Recipe copy = *this;
    output << copy;
  });
}

llvm::Expected<std::string> tfc::hashOfFile(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return llvm::createStringError("cannot read '" + path +
                                   "': " + file.getError().message());
  llvm::SHA256 hash;
  hash.update((*file)->getBuffer());
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}
