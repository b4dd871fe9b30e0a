//===- WireScanner.cpp - a model without its weights ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WireScanner.h"

#include <cstdint>

using namespace tfc;

namespace {

/// Contents shorter than this are left to protobuf.
constexpr size_t smallestPayload = 1024;

enum class Message { Model, Graph, Node, Attribute, Tensor, Function, Other };

/// The kind of message that field `field` of a `parent` holds, where a tensor
/// may lie below it.
Message childKind(Message parent, uint64_t field) {
  switch (parent) {
  case Message::Model:
    return field == 7    ? Message::Graph
           : field == 25 ? Message::Function
                         : Message::Other;
  case Message::Graph:
    return field == 1   ? Message::Node
           : field == 5 ? Message::Tensor
                        : Message::Other;
  case Message::Function:
    return field == 7 ? Message::Node : Message::Other;
  case Message::Node:
    return field == 5 ? Message::Attribute : Message::Other;
  case Message::Attribute:
    return field == 5   ? Message::Tensor
           : field == 6 ? Message::Graph
                        : Message::Other;
  default:
    return Message::Other;
  }
}

/// Fields of TensorProto whose encoding is the values' bytes, one after the
/// other: float_data and double_data (packed), raw_data.
bool isContents(uint64_t field) {
  return field == 4 || field == 9 || field == 10;
}

enum WireType { Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5 };

class Scanner {
public:
  Scanner(std::vector<Payload> &payloads, std::string &reason)
      : payloads(payloads), reason(reason) {}

  bool scan(Message kind, const char *at, const char *end, std::string &out,
            unsigned depth) {
    // Subgraphs nest; protobuf itself stops at 100 levels.
    if (depth > 100)
      return fail("its messages are nested too deeply");
    while (at < end) {
      const char *start = at;
      uint64_t tag, length;
      if (!readVarint(at, end, tag))
        return fail("it ends within a field");
      uint64_t field = tag >> 3;
      if (field == 0)
        return fail("it is not a protobuf message");
      switch (tag & 7) {
      case Varint:
        if (!readVarint(at, end, length))
          return fail("it ends within a field");
        break;
      case Fixed64:
        at += 8;
        break;
      case Fixed32:
        at += 4;
        break;
      case Length:
        if (!readVarint(at, end, length) ||
            length > static_cast<uint64_t>(end - at))
          return fail("it ends within a field; it may have been cut off");
        if (!copyField(kind, field, start, at, length, out, depth))
          return false;
        at += length;
        continue;
      default:
        return fail("it is not a protobuf message");
      }
      if (at > end)
        return fail("it ends within a field; it may have been cut off");
      out.append(start, at);
    }
    return true;
  }

private:
  bool copyField(Message kind, uint64_t field, const char *start,
                 const char *contents, uint64_t length, std::string &out,
                 unsigned depth) {
    if (kind == Message::Tensor && isContents(field) &&
        length >= smallestPayload) {
      std::string number = std::to_string(payloads.size());
      payloads.push_back({contents, length});
      std::string entry;
      appendString(entry, 1, payloadKey);
      appendString(entry, 2, number);
      appendString(out, 13, entry);
      return true;
    }
    Message child = childKind(kind, field);
    if (child == Message::Other) {
      out.append(start, contents + length);
      return true;
    }
    std::string inner;
    if (!scan(child, contents, contents + length, inner, depth + 1))
      return false;
    appendString(out, field, inner);
    return true;
  }

  static bool readVarint(const char *&at, const char *end, uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at == end)
        return false;
      uint8_t byte = *at++;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80)
        return true;
    }
    return false;
  }

  static void appendVarint(std::string &out, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
  }

  static void appendString(std::string &out, uint64_t field,
                           const std::string &text) {
    appendVarint(out, field << 3 | Length);
    appendVarint(out, text.size());
    out.append(text);
  }

  bool fail(const char *why) {
    reason = why;
    return false;
  }

  std::vector<Payload> &payloads;
  std::string &reason;
};

} // namespace

bool tfc::scanModel(const char *data, size_t size, std::string &slim,
                    std::vector<Payload> &payloads, std::string &reason) {
  return Scanner(payloads, reason)
      .scan(Message::Model, data, data + size, slim, 0);
}
