//===- Npy.cpp - arrays in numpy files --------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Runtime/Npy.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string_view>
#include <unistd.h>
#include <zlib.h>

using namespace tfc::run;

namespace {

struct TypeRow {
  int32_t type;
  const char *code; ///< numpy's, without the byte order
  size_t bytes;
  const char *name;
};

constexpr TypeRow typeRows[] = {
    {TFC_FLOAT32, "f4", 4, "float32"},
    {TFC_UINT8, "u1", 1, "uint8"},
    {TFC_INT8, "i1", 1, "int8"},
    {TFC_UINT16, "u2", 2, "uint16"},
    {TFC_INT16, "i2", 2, "int16"},
    {TFC_INT32, "i4", 4, "int32"},
    {TFC_INT64, "i8", 8, "int64"},
    {TFC_BOOL, "b1", 1, "bool"},
    {TFC_FLOAT16, "f2", 2, "float16"},
    {TFC_FLOAT64, "f8", 8, "float64"},
    {TFC_UINT32, "u4", 4, "uint32"},
    {TFC_UINT64, "u8", 8, "uint64"},
    {TFC_BFLOAT16, "V2", 2, "bfloat16"},
    {TFC_FLOAT8E4M3FN, "V1", 1, "float8e4m3fn"},
    {TFC_FLOAT8E4M3FNUZ, "V1", 1, "float8e4m3fnuz"},
    {TFC_FLOAT8E5M2, "V1", 1, "float8e5m2"},
    {TFC_FLOAT8E5M2FNUZ, "V1", 1, "float8e5m2fnuz"},
    {TFC_UINT4, "V1", 1, "uint4"},
    {TFC_INT4, "V1", 1, "int4"},
    {TFC_FLOAT4E2M1, "V1", 1, "float4e2m1"},
    {TFC_UINT2, "V1", 1, "uint2"},
    {TFC_INT2, "V1", 1, "int2"},
};

const TypeRow *rowOf(int32_t type) {
  for (const TypeRow &row : typeRows)
    if (row.type == type)
      return &row;
  return nullptr;
}

template <typename T>
T littleEndian(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

template <typename T>
void append(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

std::string readFile(const std::string &path, std::string &bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return std::string("cannot read it: ") + std::strerror(errno);
  bytes.assign(std::istreambuf_iterator<char>(file),
               std::istreambuf_iterator<char>());
  return file.bad() ? "cannot read it to its end" : "";
}

std::string writeFile(const std::string &path, std::string_view bytes) {
  std::string temporary = path + ".tmp" + std::to_string(::getpid());
  std::ofstream file(temporary, std::ios::binary);
  file.write(bytes.data(), bytes.size());
  file.close();
  if (file && std::rename(temporary.c_str(), path.c_str()) == 0)
    return "";
  std::string reason = std::strerror(errno);
  std::remove(temporary.c_str());
  return "cannot write it: " + reason;
}

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

/// The text after "'key':" in the header's dictionary, blanks skipped.
std::string_view valueOf(std::string_view header, std::string_view key) {
  size_t at = header.find("'" + std::string(key) + "'");
  if (at == std::string_view::npos ||
      (at = header.find(':', at)) == std::string_view::npos)
    return {};
  at = header.find_first_not_of(" ", at + 1);
  return at == std::string_view::npos ? std::string_view() : header.substr(at);
}

std::string parseType(std::string_view text, Array &array) {
  if (text.size() < 3 || text[0] != '\'')
    return "its elements are no plain numbers";
  std::string_view code = text.substr(1, text.find('\'', 1) - 1);
  for (const TypeRow &row : typeRows)
    if (code.size() == 3 && code.substr(1) == row.code && code[0] != '>') {
      array.type = row.type;
      return "";
    }
  return "elements of type '" + std::string(code) + "' cannot be an input";
}

std::string parseShape(std::string_view text, Array &array) {
  size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == std::string_view::npos)
    return "its header has no shape";
  std::string shape(text.substr(1, end - 1));
  int64_t elements = 1;
  for (const char *at = shape.c_str(); *at;) {
    char *after;
    long long size = std::strtoll(at, &after, 10);
    if (after == at) {
      ++at;
      continue;
    }
    if (size < 0 || (size > 0 && elements > (int64_t(1) << 48) / size))
      return "its header has an impossible shape";
    elements *= std::max<int64_t>(size, 1);
    array.dims.push_back(size);
    at = after;
  }
  return "";
}

/// numpy may store the first dimension as the fastest.
void toRowMajor(Array &array) {
  size_t bytes = elementBytes(array.type), rank = array.dims.size();
  if (rank < 2 || array.data.empty())
    return;
  std::vector<char> sorted(array.data.size());
  std::vector<int64_t> index(rank, 0);
  for (int64_t i = 0, count = array.elements(); i < count; ++i) {
    int64_t from = 0;
    for (size_t d = rank; d-- > 0;)
      from = from * array.dims[d] + index[d];
    std::memcpy(&sorted[i * bytes], &array.data[from * bytes], bytes);
    for (size_t d = rank; d-- > 0 && ++index[d] == array.dims[d];)
      index[d] = 0;
  }
  array.data = std::move(sorted);
}

std::string parseNpy(std::string_view bytes, Array &array) {
  if (bytes.size() < 12 || bytes.substr(0, 6) != "\x93NUMPY")
    return "not a numpy array";
  bool wide = bytes[6] >= 2;
  size_t begin = wide ? 12 : 10;
  size_t length = wide ? littleEndian<uint32_t>(&bytes[8])
                       : littleEndian<uint16_t>(&bytes[8]);
  if (length > bytes.size() - begin)
    return "its header is cut off";
  std::string_view header = bytes.substr(begin, length);
  array = Array();
  std::string error = parseType(valueOf(header, "descr"), array);
  if (error.empty())
    error = parseShape(valueOf(header, "shape"), array);
  if (!error.empty())
    return error;
  size_t expected = array.elements() * elementBytes(array.type);
  std::string_view data = bytes.substr(begin + length);
  if (data.size() < expected)
    return "its data is cut off: " + std::to_string(expected) +
           " bytes expected, " + std::to_string(data.size()) + " found";
  array.data.assign(data.begin(), data.begin() + expected);
  if (valueOf(header, "fortran_order").substr(0, 4) == "True")
    toRowMajor(array);
  return "";
}

std::string formatNpy(const Array &array) {
  const TypeRow *row = rowOf(array.type);
  std::string shape;
  for (int64_t size : array.dims)
    shape += std::to_string(size) + ", ";
  if (array.dims.size() > 1)
    shape.resize(shape.size() - 2);
  else if (!shape.empty())
    shape.pop_back();
  std::string order = row->bytes == 1 ? "|" : "<";
  std::string header = "{'descr': '" + order + row->code +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  append<uint16_t>(out, header.size());
  out += header;
  out.append(array.data.data(), array.data.size());
  return out;
}

//===----------------------------------------------------------------------===//
// .npz: a zip archive of .npy files
//===----------------------------------------------------------------------===//

constexpr uint32_t localSignature = 0x04034b50, centralSignature = 0x02014b50,
                   endSignature = 0x06054b50, end64Signature = 0x06064b50,
                   locator64Signature = 0x07064b50;
constexpr uint16_t stored = 0, deflated = 8;

std::string inflateMember(std::string_view packed, std::string &out) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return "no memory to unpack it";
  // zlib counts in 32 bits: large members go in pieces.
  constexpr size_t most = 1u << 30;
  size_t taken = 0, given = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    size_t in = std::min(most, packed.size() - taken),
           room = std::min(most, out.size() - given);
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + taken));
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<Bytef *>(out.data() + given);
    stream.avail_out = room;
    status = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    given += room - stream.avail_out;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && given == out.size()
             ? ""
             : "its compressed data is damaged";
}

/// Where the central directory begins and how many entries it has.
bool findDirectory(std::string_view zip, uint64_t &offset, uint64_t &count) {
  if (zip.size() < 22)
    return false;
  // A comment of at most 65535 bytes may follow the end record.
  size_t lowest = zip.size() > 22 + 65535 ? zip.size() - 22 - 65535 : 0;
  for (size_t at = zip.size() - 22 + 1; at-- > lowest;) {
    if (littleEndian<uint32_t>(&zip[at]) != endSignature)
      continue;
    count = littleEndian<uint16_t>(&zip[at + 10]);
    offset = littleEndian<uint32_t>(&zip[at + 16]);
    if ((offset == 0xffffffff || count == 0xffff) && at >= 20 &&
        littleEndian<uint32_t>(&zip[at - 20]) == locator64Signature) {
      uint64_t record = littleEndian<uint64_t>(&zip[at - 20 + 8]);
      if (record > zip.size() - 56 ||
          littleEndian<uint32_t>(&zip[record]) != end64Signature)
        return false;
      count = littleEndian<uint64_t>(&zip[record + 32]);
      offset = littleEndian<uint64_t>(&zip[record + 48]);
    }
    return offset <= zip.size();
  }
  return false;
}

struct Member {
  std::string name;
  uint16_t method;
  uint32_t crc;
  uint64_t packedSize, size, header;
};

/// Reads the entry at `at` of the central directory and moves past it.
bool readEntry(std::string_view zip, uint64_t &at, Member &member) {
  if (at > zip.size() || zip.size() - at < 46 ||
      littleEndian<uint32_t>(&zip[at]) != centralSignature)
    return false;
  size_t nameLength = littleEndian<uint16_t>(&zip[at + 28]);
  size_t extraLength = littleEndian<uint16_t>(&zip[at + 30]);
  size_t commentLength = littleEndian<uint16_t>(&zip[at + 32]);
  if (zip.size() - at - 46 < nameLength + extraLength + commentLength)
    return false;
  member.method = littleEndian<uint16_t>(&zip[at + 10]);
  member.crc = littleEndian<uint32_t>(&zip[at + 16]);
  member.packedSize = littleEndian<uint32_t>(&zip[at + 20]);
  member.size = littleEndian<uint32_t>(&zip[at + 24]);
  member.header = littleEndian<uint32_t>(&zip[at + 42]);
  member.name = std::string(zip.substr(at + 46, nameLength));
  // Sizes that need 64 bits stand in an extra field, in this order.
  std::string_view extra = zip.substr(at + 46 + nameLength, extraLength);
  while (extra.size() >= 4) {
    size_t length = littleEndian<uint16_t>(&extra[2]);
    if (length > extra.size() - 4)
      return false;
    std::string_view field = extra.substr(4, length);
    if (littleEndian<uint16_t>(&extra[0]) == 1)
      for (uint64_t *value : {&member.size, &member.packedSize, &member.header})
        if (*value == 0xffffffff && field.size() >= 8) {
          *value = littleEndian<uint64_t>(&field[0]);
          field.remove_prefix(8);
        }
    extra.remove_prefix(4 + length);
  }
  at += 46 + nameLength + extraLength + commentLength;
  return true;
}

std::string readMember(std::string_view zip, const Member &member,
                       std::string &bytes) {
  if (member.header > zip.size() || zip.size() - member.header < 30 ||
      littleEndian<uint32_t>(&zip[member.header]) != localSignature)
    return "its directory is damaged";
  uint64_t begin = member.header + 30 +
                   littleEndian<uint16_t>(&zip[member.header + 26]) +
                   littleEndian<uint16_t>(&zip[member.header + 28]);
  if (begin > zip.size() || member.packedSize > zip.size() - begin)
    return "it is cut off";
  std::string_view packed = zip.substr(begin, member.packedSize);
  // Deflate reaches about 1000:1; what claims more is damaged.
  if (member.size / 2000 > member.packedSize + 1)
    return "its sizes are impossible";
  if (member.method == stored) {
    bytes = std::string(packed);
  } else if (member.method == deflated) {
    bytes.resize(member.size);
    std::string error = inflateMember(packed, bytes);
    if (!error.empty())
      return error;
  } else {
    return "its compression method " + std::to_string(member.method) +
           " is unknown";
  }
  if (crc32_z(0, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size()) !=
      member.crc)
    return "its check sum is wrong";
  return "";
}

} // namespace

int64_t Array::elements() const {
  int64_t count = 1;
  for (int64_t size : dims)
    count *= size;
  return count;
}

size_t tfc::run::elementBytes(int32_t type) {
  const TypeRow *row = rowOf(type);
  return row ? row->bytes : 0;
}

bool tfc::run::storedAlike(int32_t a, int32_t b) {
  const TypeRow *x = rowOf(a), *y = rowOf(b);
  return x && y && std::strcmp(x->code, y->code) == 0;
}

const char *tfc::run::typeName(int32_t type) {
  const TypeRow *row = rowOf(type);
  return row ? row->name : "unknown";
}

std::string tfc::run::readNpy(const std::string &path, Array &array) {
  std::string bytes, error = readFile(path, bytes);
  return error.empty() ? parseNpy(bytes, array) : error;
}

std::string tfc::run::readNpz(const std::string &path, Arrays &arrays) {
  std::string zip, error = readFile(path, zip);
  if (!error.empty())
    return error;
  uint64_t at = 0, count = 0;
  if (!findDirectory(zip, at, count))
    return "not a numpy archive (.npz)";
  for (uint64_t i = 0; i < count; ++i) {
    Member member;
    std::string bytes;
    if (!readEntry(zip, at, member))
      return "its directory is damaged";
    error = readMember(zip, member, bytes);
    std::string name = member.name;
    if (name.size() > 4 && name.substr(name.size() - 4) == ".npy")
      name.resize(name.size() - 4);
    if (error.empty())
      error = parseNpy(bytes, arrays[name]);
    if (!error.empty())
      return "array '" + name + "': " + error;
  }
  return "";
}

std::string tfc::run::writeNpy(const std::string &path, const Array &array) {
  return writeFile(path, formatNpy(array));
}

std::string tfc::run::writeNpz(const std::string &path, const Arrays &arrays) {
  std::string out, directory;
  for (const auto &[name, array] : arrays) {
    std::string bytes = formatNpy(array), file = name + ".npy";
    if (out.size() + bytes.size() > 0xfffffff0u || arrays.size() > 0xfffe)
      return "the outputs exceed 4 GB; write each with --output NAME=FILE.npy";
    uint32_t offset = out.size();
    uint32_t crc =
        crc32_z(0, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size());
    // What both headers share: versions, flags (names are UTF-8), method, a
    // fixed date (1980-01-01, so that equal runs write equal files), sizes.
    std::string common;
    append<uint16_t>(common, 20);
    append<uint16_t>(common, 0x0800);
    append<uint16_t>(common, stored);
    append<uint16_t>(common, 0);
    append<uint16_t>(common, 0x21);
    append<uint32_t>(common, crc);
    append<uint32_t>(common, bytes.size());
    append<uint32_t>(common, bytes.size());
    append<uint16_t>(common, file.size());
    append<uint16_t>(common, 0);
    append(out, localSignature);
    out += common + file + bytes;
    append(directory, centralSignature);
    append<uint16_t>(directory, 20);
    directory += common;
    directory.append(6, '\0'); // comment, disk, internal attributes
    directory.append(4, '\0'); // external attributes
    append<uint32_t>(directory, offset);
    directory += file;
  }
  uint32_t begin = out.size();
  out += directory;
  append(out, endSignature);
  append<uint32_t>(out, 0);
  append<uint16_t>(out, arrays.size());
  append<uint16_t>(out, arrays.size());
  append<uint32_t>(out, directory.size());
  append<uint32_t>(out, begin);
  append<uint16_t>(out, 0);
  return writeFile(path, out);
}
