//===- Tensors.cpp - inputs of a call ---------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace tfc::run;

namespace {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): equal on every machine, which
/// the C++ library's distributions are not.
class Generator {
public:
  explicit Generator(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  /// In [-1, 1), with the 24 bits that a float holds.
  float nextFloat() {
    return static_cast<float>(next() >> 40) / (1 << 23) - 1.0f;
  }

private:
  uint64_t state;
};

template <typename T>
void put(Array &array, int64_t i, T value) {
  std::memcpy(&array.data[i * sizeof(T)], &value, sizeof(T));
}

/// The bits of a float in [-1, 1) as half precision, towards zero; values below
/// the smallest normal number become zero.
uint16_t toHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  int32_t exponent = static_cast<int32_t>((bits >> 23) & 0xff) - 127 + 15;
  uint16_t sign = (bits >> 16) & 0x8000;
  return exponent <= 0 ? sign
                       : sign | (exponent << 10) | ((bits >> 13) & 0x3ff);
}

uint16_t toBfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits >> 16;
}

void fill(Array &array, Generator &generator,
          std::pair<int64_t, int64_t> range) {
  uint64_t span =
      static_cast<uint64_t>(range.second) - static_cast<uint64_t>(range.first);
  for (int64_t i = 0, count = array.elements(); i < count; ++i) {
    switch (array.type) {
    case TFC_FLOAT32:
      put<float>(array, i, generator.nextFloat());
      continue;
    case TFC_FLOAT64:
      put<double>(array, i, generator.nextFloat());
      continue;
    case TFC_FLOAT16:
      put<uint16_t>(array, i, toHalf(generator.nextFloat()));
      continue;
    case TFC_BFLOAT16:
      put<uint16_t>(array, i, toBfloat16(generator.nextFloat()));
      continue;
    case TFC_BOOL:
      put<uint8_t>(array, i, generator.next() & 1);
      continue;
    default:
      break;
    }
    // The low bytes of a little-endian integer are the narrower integer.
    uint64_t value =
        static_cast<uint64_t>(range.first) + generator.next() % span;
    size_t bytes = elementBytes(array.type);
    std::memcpy(&array.data[i * bytes], &value, bytes);
  }
}

/// The sizes that options and earlier inputs give to `info`.
std::string randomDims(const Options &options, const tfc_tensor_info &info,
                       std::map<std::string, int64_t> &symbols,
                       std::vector<int64_t> &dims) {
  auto asked = options.shapes.find(info.name);
  if (asked != options.shapes.end() &&
      asked->second.size() != static_cast<size_t>(info.rank))
    return "--shape: input '" + std::string(info.name) + "' is " +
           describeTensor(info) + ", not of rank " +
           std::to_string(asked->second.size());
  for (int32_t d = 0; d < info.rank; ++d) {
    long long size = asked != options.shapes.end() ? asked->second[d] : -1;
    std::string symbol = info.dims[d] < 0 ? info.symbols[d] : "";
    if (size < 0)
      size = info.dims[d];
    if (size < 0 && !symbol.empty() && symbols.count(symbol))
      size = symbols[symbol];
    if (size < 0)
      size = 1;
    if (!symbol.empty())
      symbols.emplace(symbol, size);
    dims.push_back(size);
  }
  return "";
}

std::string makeUp(const Options &options, const tfc_model_info &info,
                   Arrays &inputs) {
  std::map<std::string, int64_t> symbols;
  Generator generator(options.seed);
  // Sizes first from what is given, so that what is made up agrees with it.
  for (uint32_t i = 0; i < info.num_inputs; ++i) {
    const tfc_tensor_info &input = info.inputs[i];
    std::vector<int64_t> dims;
    auto found = inputs.find(input.name);
    auto asked = options.shapes.find(input.name);
    for (int32_t d = 0; d < input.rank; ++d) {
      if (input.dims[d] >= 0 || !input.symbols[d][0])
        continue;
      if (found != inputs.end() &&
          found->second.dims.size() == static_cast<size_t>(input.rank))
        symbols.emplace(input.symbols[d], found->second.dims[d]);
      else if (asked != options.shapes.end() &&
               asked->second.size() == static_cast<size_t>(input.rank) &&
               asked->second[d] >= 0)
        symbols.emplace(input.symbols[d], asked->second[d]);
    }
  }
  for (uint32_t i = 0; i < info.num_inputs; ++i) {
    const tfc_tensor_info &input = info.inputs[i];
    if (inputs.count(input.name))
      continue;
    Array array;
    array.type = input.type;
    std::string error = randomDims(options, input, symbols, array.dims);
    if (!error.empty())
      return error;
    auto range = options.ranges.find(input.name);
    array.data.resize(array.elements() * elementBytes(array.type));
    fill(array, generator,
         range == options.ranges.end() ? std::pair<int64_t, int64_t>{0, 2}
                                       : range->second);
    inputs[input.name] = std::move(array);
  }
  return "";
}

bool isInput(const tfc_model_info &info, const std::string &name) {
  return std::any_of(
      info.inputs, info.inputs + info.num_inputs,
      [&](const tfc_tensor_info &input) { return name == input.name; });
}

float elementAsFloat(const Array &array, int64_t i) {
  float value;
  std::memcpy(&value, &array.data[i * sizeof(float)], sizeof(float));
  return value;
}

} // namespace

std::string tfc::run::gatherInputs(const Options &options,
                                   const tfc_model_info &info, Arrays &inputs) {
  if (!options.inputsFile.empty()) {
    std::string error = readNpz(options.inputsFile, inputs);
    if (!error.empty())
      return options.inputsFile + ": " + error;
  }
  for (const auto &[name, file] : options.inputFiles) {
    std::string error = readNpy(file, inputs[name]);
    if (!error.empty())
      return file + ": " + error;
  }
  std::vector<std::string> named;
  for (const auto &[name, array] : inputs)
    named.push_back(name);
  for (const auto &[name, shape] : options.shapes)
    named.push_back(name);
  for (const auto &[name, range] : options.ranges)
    named.push_back(name);
  for (const std::string &name : named)
    if (!isInput(info, name))
      return "the model has no input '" + name + "'; it has " +
             namesOf(info.inputs, info.num_inputs);
  // Arrays of types that numpy has no name for say how wide they are, no more.
  for (uint32_t i = 0; i < info.num_inputs; ++i)
    if (auto found = inputs.find(info.inputs[i].name);
        found != inputs.end() &&
        storedAlike(found->second.type, info.inputs[i].type))
      found->second.type = info.inputs[i].type;
  if (options.random)
    return makeUp(options, info, inputs);
  std::string missing;
  for (uint32_t i = 0; i < info.num_inputs; ++i)
    if (!inputs.count(info.inputs[i].name))
      missing += (missing.empty() ? "'" : ", '") +
                 std::string(info.inputs[i].name) + "' (" +
                 describeTensor(info.inputs[i]) + ")";
  if (missing.empty())
    return "";
  return "no data for input " + missing +
         "; give --inputs, --input or --random";
}

tfc_tensor tfc::run::asTensor(Array &array) {
  return {array.data.data(), array.dims.data(),
          static_cast<int32_t>(array.dims.size()), array.type};
}

std::string tfc::run::describeTensor(const tfc_tensor_info &info) {
  std::string out = std::string(typeName(info.type)) + " [";
  for (int32_t d = 0; d < info.rank; ++d) {
    out += d ? ", " : "";
    if (info.dims[d] >= 0)
      out += std::to_string(info.dims[d]);
    else
      out += info.symbols[d][0] ? info.symbols[d] : "?";
  }
  out += "]";
  if (info.cache >= 0)
    out += " in a buffer of " + std::to_string(info.cache_capacity) +
           " along dimension " + std::to_string(info.cache_axis);
  return out;
}

std::string tfc::run::namesOf(const tfc_tensor_info *infos, uint32_t count) {
  std::string out;
  for (uint32_t i = 0; i < count; ++i)
    out += (i ? ", '" : "'") + std::string(infos[i].name) + "'";
  return out.empty() ? "none" : out;
}

/// Element `i` of an array of integers; the file's bytes are little-endian, as
/// this machine is.
static long long integerAt(const Array &array, int64_t i) {
  size_t bytes = elementBytes(array.type);
  if (bytes == 1)
    return static_cast<unsigned char>(array.data[i]);
  if (bytes == 4) {
    int32_t value;
    std::memcpy(&value, &array.data[i * bytes], bytes);
    return value;
  }
  int64_t value;
  std::memcpy(&value, &array.data[i * bytes], bytes);
  return value;
}

std::string tfc::run::summary(const Array &array) {
  std::string out = std::string(typeName(array.type)) + " [";
  for (size_t d = 0; d < array.dims.size(); ++d)
    out += (d ? ", " : "") + std::to_string(array.dims[d]);
  out += "]";
  if (array.type != TFC_FLOAT32 && array.type != TFC_INT64 &&
      array.type != TFC_INT32 && array.type != TFC_BOOL)
    return out;
  constexpr int64_t shown = 6;
  for (int64_t i = 0; i < std::min(shown, array.elements()); ++i) {
    char text[32];
    if (array.type == TFC_FLOAT32)
      std::snprintf(text, sizeof(text), " %.6g", elementAsFloat(array, i));
    else
      std::snprintf(text, sizeof(text), " %lld", integerAt(array, i));
    out += text;
  }
  return array.elements() > shown ? out + " ..." : out;
}
