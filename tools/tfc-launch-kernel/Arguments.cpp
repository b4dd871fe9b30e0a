//===- Arguments.cpp - arguments of kernels from text -----------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <optional>

using namespace llvm;
using namespace tfc::launch;

static uint64_t bytesOf(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return 1;
  case ElementType::I16:
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  case ElementType::I32:
  case ElementType::F32:
    return 4;
  case ElementType::I64:
  case ElementType::F64:
    break;
  }
  return 8;
}

uint64_t Argument::bytes() const { return count * bytesOf(type); }

static const fltSemantics *semanticsOf(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return &APFloat::IEEEhalf();
  case ElementType::BF16:
    return &APFloat::BFloat();
  case ElementType::F32:
    return &APFloat::IEEEsingle();
  case ElementType::F64:
    return &APFloat::IEEEdouble();
  default:
    return nullptr;
  }
}

static void append(Argument &argument, double value) {
  uint64_t bits;
  if (const fltSemantics *semantics = semanticsOf(argument.type)) {
    APFloat number(value);
    bool lost;
    number.convert(*semantics, APFloat::rmNearestTiesToEven, &lost);
    bits = number.bitcastToAPInt().getZExtValue();
  } else {
    bits = int64_t(value);
  }
  const char *bytes = reinterpret_cast<const char *>(&bits);
  argument.data.insert(argument.data.end(), bytes,
                       bytes + bytesOf(argument.type));
}

static std::optional<double> parseNumber(StringRef text) {
  double value;
  int64_t integer;
  if (!text.getAsInteger(0, integer))
    return double(integer);
  if (!text.getAsDouble(value))
    return value;
  return std::nullopt;
}

static Error fill(Argument &argument, StringRef value) {
  if (value == "none")
    return Error::success();
  if (value.consume_front("@")) {
    auto buffer = MemoryBuffer::getFile(value);
    if (!buffer)
      return createStringError(value + ": " + buffer.getError().message());
    StringRef bytes = (*buffer)->getBuffer();
    if (bytes.size() != argument.bytes())
      return createStringError(value + ": " + Twine(bytes.size()) +
                               " bytes, not " + Twine(argument.bytes()));
    argument.data.assign(bytes.begin(), bytes.end());
    return Error::success();
  }
  if (value == "iota" || value == "random") {
    // Knuth's MMIX generator; values are multiples of 1/128, so that sums of
    // products of some hundreds are exact in f32.
    uint64_t state = 1;
    for (uint64_t i = 0; i < argument.count; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      double random = int64_t(state >> 56) - 128;
      append(argument, value == "iota" ? double(i) : random / 128);
    }
    return Error::success();
  }
  SmallVector<StringRef> parts;
  value.split(parts, ',');
  if (parts.size() != 1 && parts.size() != argument.count)
    return createStringError(Twine(parts.size()) + " values for " +
                             Twine(argument.count));
  for (uint64_t i = 0; i < argument.count; ++i) {
    StringRef part = parts[parts.size() == 1 ? 0 : i];
    std::optional<double> number = parseNumber(part);
    if (!number)
      return createStringError("'" + part + "' is no number");
    append(argument, *number);
  }
  return Error::success();
}

Expected<Argument> tfc::launch::parseArgument(StringRef text) {
  Argument argument;
  auto [what, value] = text.split('=');
  auto [type, count] = what.split(':');
  auto known = StringSwitch<std::optional<ElementType>>(type)
                   .Case("i8", ElementType::I8)
                   .Case("i16", ElementType::I16)
                   .Case("i32", ElementType::I32)
                   .Case("i64", ElementType::I64)
                   .Case("f16", ElementType::F16)
                   .Case("bf16", ElementType::BF16)
                   .Case("f32", ElementType::F32)
                   .Case("f64", ElementType::F64)
                   .Default(std::nullopt);
  if (!known)
    return createStringError("--arg=" + text + ": no type '" + type + "'");
  argument.type = *known;
  argument.isBuffer = !count.empty();
  if (argument.isBuffer &&
      (count.getAsInteger(10, argument.count) || !argument.count))
    return createStringError("--arg=" + text + ": no size '" + count + "'");
  if (Error error = fill(argument, value))
    return createStringError("--arg=" + text + ": " +
                             toString(std::move(error)));
  return argument;
}

std::string tfc::launch::printArgument(const Argument &argument,
                                       uint64_t most) {
  std::string text;
  raw_string_ostream stream(text);
  uint64_t size = bytesOf(argument.type);
  for (uint64_t i = 0; i < std::min(most, argument.count); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, argument.data.data() + i * size, size);
    if (const fltSemantics *semantics = semanticsOf(argument.type)) {
      APFloat number(*semantics, APInt(8 * size, bits));
      bool lost;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &lost);
      stream << format(" %.9g", number.convertToDouble());
    } else {
      unsigned shift = 64 - 8 * size;
      stream << ' ' << (int64_t(bits << shift) >> shift);
    }
  }
  return text;
}
