//===- DeviceHeader.cpp - what a device artefact's header says ----- -*- C++
//-*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceHeader.h"
#include "tfc/Runtime/Npy.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>

using namespace tfc::run;

static bool startsWith(const std::string &text, const std::string &start) {
  return text.compare(0, start.size(), start) == 0;
}

/// Undoes \xNN.
static std::string unescape(const std::string &text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(
        std::strtol(text.substr(i + 2, 2).c_str(), nullptr, 16));
    i += 3;
  }
  return out;
}

/// A line as: const float *x; /* "x": float32 [1, 4] */, for integers of a
/// scale with "scale 0.5 zero 3" at its end; or the same of a function that
/// delivers "rows 16 of dimension 2".
std::string DeviceHeader::readTensor(const std::string &line,
                                     std::vector<Tensor> &tensors) {
  size_t star = line.find('*'), semicolon = line.find("; /* \"");
  size_t colon = line.rfind("\": "), open = line.rfind(" [");
  size_t close = line.rfind(']');
  if (star == std::string::npos || semicolon == std::string::npos ||
      colon == std::string::npos || open == std::string::npos ||
      close == std::string::npos || colon < semicolon || open < colon)
    return "'" + line + "' describes no tensor";
  Tensor tensor;
  size_t end = std::min(semicolon, line.find(')'));
  tensor.identifier = line.substr(star + 1, end - star - 1);
  size_t name = semicolon + 6;
  tensor.name = unescape(line.substr(name, colon - name));
  std::string type = line.substr(colon + 3, open - colon - 3);
  for (int32_t candidate = 1; candidate < 32 && !tensor.type; ++candidate)
    if (elementBytes(candidate) && type == typeName(candidate))
      tensor.type = candidate;
  if (!tensor.type)
    return "the type '" + type + "' is not known";
  const char *at = line.c_str() + open + 2;
  while (at < line.c_str() + close) {
    char *end = nullptr;
    tensor.dims.push_back(std::strtoll(at, &end, 10));
    if (end == at)
      return "'" + line + "' has no sizes";
    at = end;
    while (*at == ',' || *at == ' ')
      ++at;
  }
  if (size_t scale = line.find(" scale ", close); scale != std::string::npos) {
    char *end = nullptr;
    tensor.scale = std::strtod(line.c_str() + scale + 7, &end);
    if (std::string(end).compare(0, 6, " zero ") != 0 || !(tensor.scale > 0))
      return "'" + line + "' has no zero point or scale";
    tensor.zeroPoint = std::strtoll(end + 6, nullptr, 10);
  }
  if (size_t rows = line.find(" rows ", close); rows != std::string::npos) {
    const char *of = " of dimension ";
    char *end = nullptr;
    tensor.stripRows = std::strtoll(line.c_str() + rows + 6, &end, 10);
    if (std::string(end).compare(0, std::strlen(of), of) != 0)
      return "'" + line + "' has no dimension of rows";
    tensor.stripAxis = std::strtoll(end + std::strlen(of), nullptr, 10);
    if (tensor.stripRows < 1 || tensor.stripAxis < 0 ||
        tensor.stripAxis >= static_cast<int64_t>(tensor.dims.size()))
      return "'" + line + "' has no rows";
  }
  tensors.push_back(tensor);
  return "";
}

/// The context of the function before it, as: void *x_context;
void DeviceHeader::readContext(const std::string &line,
                               std::vector<Tensor> &tensors) {
  size_t star = line.find('*');
  if (!tensors.empty())
    tensors.back().context = line.substr(star + 1, line.find(';') - star - 1);
}

bool DeviceHeader::readSize(const std::string &line, const char *name,
                            int64_t &value) {
  std::string start = "#define " + macro + "_" + name + " ";
  if (!startsWith(line, start))
    return false;
  value = std::strtoll(line.c_str() + start.size(), nullptr, 10);
  return true;
}

std::string DeviceHeader::readLine(const std::string &line) {
  if (prefix.empty() && startsWith(line, "/* ") &&
      line.find(": made by tfc ") != std::string::npos) {
    prefix = line.substr(3, line.find(':') - 3);
    macro = prefix;
    std::transform(macro.begin(), macro.end(), macro.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return "";
  }
  int64_t hard = 0;
  readSize(line, "ARENA_BYTES", arenaBytes);
  readSize(line, "STACK_BYTES", stackBytes);
  readSize(line, "FLASH_BYTES", flashBytes);
  if (readSize(line, "HARD_FLOAT_ABI", hard))
    hardFloat = hard != 0;
  if (line == "#define " + macro + "_PROFILE_NAMES { \\")
    inNodes = true;
  else if (inNodes && startsWith(line, "  \"") && line.size() > 7)
    nodes.push_back(line.substr(3, line.size() - 7));
  else
    inNodes = false;
  if (line == "struct " + prefix + "_inputs {")
    current = &inputs;
  else if (line == "struct " + prefix + "_outputs {")
    current = &outputs;
  else if (line == "};")
    current = nullptr;
  else if (current && startsWith(line, "  void *"))
    readContext(line, *current);
  else if (current && line.find('*') != std::string::npos)
    return readTensor(line, *current);
  return "";
}

std::string DeviceHeader::read(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    return "cannot be read; it is written beside the object";
  std::string line;
  while (std::getline(file, line)) {
    std::string error = readLine(line);
    if (!error.empty())
      return error;
  }
  return prefix.empty() || outputs.empty() ? "is not a header that tfc wrote"
                                           : "";
}

tfc_model_info DeviceHeader::describe() {
  infos.clear();
  symbols.clear();
  for (const std::vector<Tensor> *side : {&inputs, &outputs})
    for (const Tensor &tensor : *side)
      symbols.emplace_back(tensor.dims.size(), "");
  for (const std::vector<Tensor> *side : {&inputs, &outputs})
    for (const Tensor &tensor : *side) {
      tfc_tensor_info info = {};
      info.name = tensor.name.c_str();
      info.type = tensor.type;
      info.rank = static_cast<int32_t>(tensor.dims.size());
      info.dims = tensor.dims.data();
      info.symbols = symbols[infos.size()].data();
      info.cache = -1;
      infos.push_back(info);
    }
  tfc_model_info info = {};
  info.model_name = prefix.c_str();
  info.producer = "tfc";
  info.cpu = "cortex-m7";
  info.cpu_features = "";
  info.num_inputs = static_cast<uint32_t>(inputs.size());
  info.num_outputs = static_cast<uint32_t>(outputs.size());
  info.inputs = infos.data();
  info.outputs = infos.data() + inputs.size();
  return info;
}
