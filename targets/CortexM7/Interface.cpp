//===- Interface.cpp - what the artefact shows ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interface.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace tfc::m7;

std::string tfc::m7::elementTypeName(Type type, int64_t kind) {
  if (type.isF32())
    return "float";
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return "";
  // ONNX's unsigned types, which the code's own types do not tell apart.
  bool isUnsigned = kind == 2 || kind == 4 || kind == 12 || kind == 13;
  switch (integer.getWidth()) {
  case 1:
    return "bool";
  case 8:
  case 16:
  case 32:
  case 64:
    return (isUnsigned ? "uint" : "int") + std::to_string(integer.getWidth()) +
           "_t";
  default:
    return "";
  }
}

std::string InterfaceTensor::numpyType() const {
  if (element == "float")
    return "float32";
  StringRef name = element;
  name.consume_back("_t");
  return name.str();
}

int64_t InterfaceTensor::elementBytes() const {
  return llvm::StringSwitch<int64_t>(element)
      .Cases({"bool", "int8_t", "uint8_t"}, 1)
      .Cases({"int16_t", "uint16_t"}, 2)
      .Cases({"int64_t", "uint64_t"}, 8)
      .Default(4);
}

int64_t InterfaceTensor::count() const {
  int64_t count = 1;
  for (int64_t dim : dims)
    count *= dim;
  return count;
}

int64_t InterfaceTensor::stripBytes() const {
  return dims[strip->axis]
             ? count() / dims[strip->axis] * strip->rows * elementBytes()
             : 0;
}

int64_t Interface::inputBytes(bool whole) const {
  int64_t bytes = 0;
  for (const InterfaceTensor &input : inputs)
    if (whole || !input.strip)
      bytes += input.count() * input.elementBytes();
  return bytes;
}

int64_t Interface::outputBytes() const {
  int64_t bytes = 0;
  for (const InterfaceTensor &output : outputs)
    bytes += output.count() * output.elementBytes();
  return bytes;
}

/// `name` as a C identifier that `taken` has not.
static std::string identifierOf(StringRef name, llvm::StringSet<> &taken) {
  static const llvm::StringSet<> keywords = {
      "auto",     "break",    "case",    "char",     "class",    "const",
      "continue", "default",  "delete",  "do",       "double",   "else",
      "enum",     "extern",   "float",   "for",      "goto",     "if",
      "inline",   "int",      "long",    "new",      "private",  "public",
      "register", "restrict", "return",  "short",    "signed",   "sizeof",
      "static",   "struct",   "switch",  "template", "this",     "typedef",
      "union",    "unsigned", "virtual", "void",     "volatile", "while",
      "bool",     "operator", "and",     "or",       "not",      "true",
      "false"};
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  if (text.empty() || llvm::isDigit(text[0]) || keywords.contains(text))
    text = "_" + text;
  // Names that start with two underscores are the compiler's.
  if (StringRef(text).starts_with("__"))
    text = "t" + text;
  std::string unique = text;
  // Macros are in capitals, so names must differ by more than those.
  for (unsigned i = 2; !taken.insert(StringRef(unique).upper()).second; ++i)
    unique = text + "_" + std::to_string(i);
  return unique;
}

static std::vector<InterfaceTensor> readTensors(DictionaryAttr interface,
                                                StringRef side) {
  std::vector<InterfaceTensor> tensors;
  llvm::StringSet<> taken;
  for (auto entry :
       interface.getAs<ArrayAttr>(side).getAsRange<DictionaryAttr>()) {
    InterfaceTensor tensor;
    tensor.name = entry.getAs<StringAttr>("name").str();
    tensor.identifier = identifierOf(tensor.name, taken);
    tensor.element = entry.getAs<StringAttr>("element").str();
    auto dims = entry.getAs<DenseI64ArrayAttr>("dims").asArrayRef();
    tensor.dims.assign(dims.begin(), dims.end());
    if (auto scale = entry.getAs<FloatAttr>("scale")) {
      tensor.scale = scale.getValueAsDouble();
      tensor.zeroPoint = entry.getAs<IntegerAttr>("zero").getInt();
    }
    if (auto rows = entry.getAs<IntegerAttr>("strip_rows"))
      tensor.strip = InterfaceStrip{
          entry.getAs<IntegerAttr>("strip_axis").getInt(), rows.getInt(), ""};
    tensors.push_back(tensor);
  }
  // After all names of the model's own.
  for (InterfaceTensor &tensor : tensors)
    if (tensor.strip)
      tensor.strip->context =
          identifierOf(tensor.identifier + "_context", taken);
  return tensors;
}

Interface tfc::m7::readInterface(ModuleOp module) {
  Interface interface;
  auto described = module->getAttrOfType<DictionaryAttr>("m7.interface");
  interface.inputs = readTensors(described, "inputs");
  interface.outputs = readTensors(described, "outputs");
  if (auto plan = module->getAttrOfType<DictionaryAttr>("m7.plan"))
    interface.arenaBytes = plan.getAs<IntegerAttr>("bytes").getInt();
  if (auto nodes = module->getAttrOfType<ArrayAttr>("m7.nodes"))
    for (auto name : nodes.getAsRange<StringAttr>())
      interface.nodes.push_back(name.str());
  return interface;
}
