//===- PlanPicture.cpp - a plan of memory to look at ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanPicture.h"
#include "Page.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include <algorithm>
#include <vector>

using namespace llvm;
using tfc::escaped;

namespace {

struct Buffer {
  std::string node;
  int64_t bytes, offset, first, last;
};

struct Step {
  std::string node, op;
};

class Picture {
public:
  Picture(raw_ostream &stream, const json::Object &plan);

  void write();

private:
  void writeBuffers();
  void writeSteps();
  void writeAxis();
  void writeLiveBytes();
  void writePeakTable();
  int64_t liveAt(int64_t step) const;
  /// "node (operation)", for a page.
  std::string describe(int64_t step) const;
  double x(int64_t step) const { return left + step * stepWidth; }
  double y(int64_t bytes) const {
    return top + height * (1.0 - double(bytes) / std::max<int64_t>(arena, 1));
  }
  format_object<double> at(double value) const { return format("%.1f", value); }

  static constexpr double left = 80, top = 20, height = 480;
  raw_ostream &stream;
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  int64_t arena, lowerBound, peak;
  bool proven;
  double stepWidth;
};

int64_t number(const json::Object &object, StringRef key) {
  return object.getInteger(key).value_or(0);
}

std::string text(const json::Object &object, StringRef key) {
  return object.getString(key).value_or("").str();
}

Picture::Picture(raw_ostream &stream, const json::Object &plan)
    : stream(stream), arena(number(plan, "bytes")),
      lowerBound(number(plan, "lower_bound")), peak(number(plan, "bound_step")),
      proven(plan.getBoolean("proven").value_or(false)) {
  if (const json::Array *list = plan.getArray("buffers"))
    for (const json::Value &value : *list)
      if (const json::Object *one = value.getAsObject())
        buffers.push_back({text(*one, "node"), number(*one, "bytes"),
                           number(*one, "offset"), number(*one, "first"),
                           number(*one, "last")});
  if (const json::Array *list = plan.getArray("steps"))
    for (const json::Value &value : *list)
      if (const json::Object *one = value.getAsObject())
        steps.push_back({text(*one, "node"), text(*one, "op")});
  stepWidth = std::clamp(1200.0 / std::max<size_t>(steps.size(), 1), 4.0, 40.0);
}

int64_t Picture::liveAt(int64_t step) const {
  int64_t live = 0;
  for (const Buffer &buffer : buffers)
    if (buffer.first <= step && step <= buffer.last)
      live += buffer.bytes;
  return live;
}

std::string Picture::describe(int64_t step) const {
  if (step < 0 || step >= static_cast<int64_t>(steps.size()))
    return "";
  return escaped(steps[step].node + " (" + steps[step].op + ")");
}

void Picture::writeBuffers() {
  for (auto [i, buffer] : enumerate(buffers)) {
    bool atPeak = buffer.first <= peak && peak <= buffer.last;
    stream << "<rect class=\"" << (atPeak ? "buffer peak" : "buffer")
           << "\" x=\"" << at(x(buffer.first)) << "\" y=\""
           << at(y(buffer.offset + buffer.bytes)) << "\" width=\""
           << at((buffer.last - buffer.first + 1) * stepWidth) << "\" height=\""
           << at(y(buffer.offset) - y(buffer.offset + buffer.bytes))
           // The golden angle sets neighbours apart.
           << "\" style=\"fill:hsl(" << i * 137 % 360 << ",60%,70%)\"><title>"
           << buffer.bytes << " bytes at " << buffer.offset << ", made by "
           << describe(buffer.first) << ", last used by "
           << describe(buffer.last) << ", steps " << buffer.first << " to "
           << buffer.last << "</title></rect>\n";
  }
}

/// A strip below, which tells each step's operation.
void Picture::writeSteps() {
  for (int64_t step = 0; step < static_cast<int64_t>(steps.size()); ++step)
    stream << "<rect class=\"step\" x=\"" << at(x(step)) << "\" y=\""
           << at(top + height + 4) << "\" width=\"" << at(stepWidth)
           << "\" height=\"16\"><title>step " << step << ": " << describe(step)
           << ", " << liveAt(step) << " bytes alive</title></rect>\n";
}

void Picture::writeAxis() {
  constexpr int parts = 8;
  double right = x(steps.size());
  for (int i = 0; i <= parts; ++i) {
    int64_t bytes = arena * i / parts;
    stream << "<line class=\"axis\" x1=\"" << at(left) << "\" x2=\""
           << at(right) << "\" y1=\"" << at(y(bytes)) << "\" y2=\""
           << at(y(bytes)) << "\"/><text x=\"" << at(left - 6) << "\" y=\""
           << at(y(bytes) + 4) << "\" text-anchor=\"end\">" << bytes
           << "</text>\n";
  }
}

void Picture::writeLiveBytes() {
  stream << "<polyline class=\"live\" points=\"";
  for (int64_t step = 0; step < static_cast<int64_t>(steps.size()); ++step) {
    double level = y(liveAt(step));
    stream << at(x(step)) << "," << at(level) << " " << at(x(step + 1)) << ","
           << at(level) << " ";
  }
  stream << "\"/>\n";
  if (steps.empty())
    return;
  stream << "<rect class=\"mark\" x=\"" << at(x(peak)) << "\" y=\"" << at(top)
         << "\" width=\"" << at(stepWidth) << "\" height=\"" << at(height)
         << "\"/>\n<text class=\"mark\" x=\"" << at(x(peak)) << "\" y=\""
         << at(top - 6) << "\">peak: " << liveAt(peak) << " bytes</text>\n";
}

void Picture::writePeakTable() {
  std::vector<const Buffer *> live;
  for (const Buffer &buffer : buffers)
    if (buffer.first <= peak && peak <= buffer.last)
      live.push_back(&buffer);
  llvm::sort(live, [](const Buffer *a, const Buffer *b) {
    return std::pair(-a->bytes, a->offset) < std::pair(-b->bytes, b->offset);
  });
  stream << "<h2>Alive at the peak, step " << peak << ": " << describe(peak)
         << "</h2>\n<table><tr><th>bytes<th>share<th>offset<th>made by<th>last "
            "used by</tr>\n";
  int64_t all = std::max<int64_t>(liveAt(peak), 1);
  for (const Buffer *buffer : live)
    stream << "<tr><td>" << buffer->bytes << "<td>"
           << at(100.0 * buffer->bytes / all) << " %<td>" << buffer->offset
           << "<td>" << describe(buffer->first) << "<td>"
           << describe(buffer->last) << "</tr>\n";
  stream << "</table>\n";
}

void Picture::write() {
  stream
      << "<style>.buffer{stroke:#555;stroke-width:.5}"
         ".peak{stroke:var(--ink);stroke-width:1.5}"
         ".buffer:hover,.step:hover{fill:#ffd54a!important}"
         ".step{fill:var(--weak);stroke:var(--paper);stroke-width:.5}"
         ".live{fill:none;stroke:var(--mark);stroke-width:1.5;"
         "pointer-events:none}rect.mark{fill:var(--mark);opacity:.15;"
         "pointer-events:none}text.mark{fill:var(--mark)}</style>\n"
         "<p>The arena has "
      << arena << " bytes; no plan of these buffers needs less than "
      << lowerBound << (proven ? ", so it is the least." : ".")
      << " Each box is a buffer: its bytes upwards, the operations during "
         "which it lives to the right. The red line is the bytes alive.</p>\n"
      << "<svg width=\"" << at(x(steps.size()) + 20) << "\" height=\""
      << at(top + height + 40) << "\">\n";
  writeAxis();
  writeBuffers();
  writeSteps();
  writeLiveBytes();
  stream << "</svg>\n";
  writePeakTable();
}

} // namespace

void tfc::drawPlan(raw_ostream &stream, const json::Object &plan) {
  Picture(stream, plan).write();
}
