//===- SearchPicture.cpp - a search to look at ------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SearchPicture.h"
#include "Page.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <vector>

using namespace llvm;
using tfc::escaped;

namespace {

/// A measured model.
struct Point {
  const json::Object *entry;
  double size, metric;
  bool isOriginal, isChosen;
  /// Another is as small and as good, and better in one of both.
  bool isDominated = false;

  StringRef passes() const { return entry->getString("passes").value_or(""); }
  bool isFitted() const { return entry->getBoolean("fitted").value_or(false); }
};

/// Numbers along one side of a picture.
class Axis {
public:
  /// `from` and `to` are where on the picture the least and the greatest number
  /// are.
  Axis(ArrayRef<double> numbers, double from, double to, bool mayBeLogarithmic);

  double at(double number) const {
    double share = (scaled(number) - low) / (high - low);
    return from + share * (to - from);
  }
  std::vector<double> ticks() const;

private:
  double scaled(double number) const {
    return isLogarithmic ? std::log10(number) : number;
  }

  bool isLogarithmic = false;
  double low, high, from, to;
};

class Picture {
public:
  Picture(raw_ostream &stream, const json::Object &search);

  void write();

private:
  void add(const json::Object &entry, bool isOriginal, bool isChosen);
  void findFront();
  bool isBetter(double a, double b) const {
    return greaterIsBetter ? a > b : a < b;
  }
  void writeStyle();
  void writeSummary();
  void writeAxes(const Axis &x, const Axis &y);
  void writeFront(const Axis &x, const Axis &y);
  void writePoint(const Point &point, const Axis &x, const Axis &y);
  void writePicture();
  void writeTable();
  std::string describe(const Point &point) const;

  static constexpr double width = 860, height = 440, left = 76, top = 20,
                          right = width - 24, bottom = height - 48;
  raw_ostream &stream;
  std::string metric, size;
  bool greaterIsBetter;
  std::vector<Point> points;
};

/// 1234567 as "1.23M"; for axes.
std::string shortNumber(double number) {
  double magnitude = std::abs(number);
  if (magnitude >= 1e9)
    return formatv("{0:F2}G", number / 1e9);
  if (magnitude >= 1e6)
    return formatv("{0:F2}M", number / 1e6);
  if (magnitude >= 1e4)
    return formatv("{0:F1}K", number / 1e3);
  std::string text;
  raw_string_ostream(text) << format("%.4g", number);
  return text;
}

/// A number as the report has it.
std::string numberText(const json::Value &value) {
  if (std::optional<int64_t> whole = value.getAsInteger())
    return std::to_string(*whole);
  std::string text;
  raw_string_ostream(text) << format("%.5g", value.getAsNumber().value_or(0));
  return text;
}

/// What a column is called, with its unit.
StringRef titleOf(StringRef key) {
  return StringSwitch<StringRef>(key)
      .Case("parameters", "numbers")
      .Case("multiply_adds", "multiply-adds of a call")
      .Case("latency_ms", "ms of a call")
      .Case("original_latency_ms", "ms of the original's")
      .Case("latency_share", "time of a call, as a share of the original's")
      .Case("flash", "flash in bytes")
      .Case("sram", "SRAM in bytes")
      .Default(key);
}

Axis::Axis(ArrayRef<double> numbers, double from, double to,
           bool mayBeLogarithmic)
    : from(from), to(to) {
  constexpr double wide = 20;
  double least = *llvm::min_element(numbers),
         most = *llvm::max_element(numbers);
  isLogarithmic = mayBeLogarithmic && least > 0 && most / least > wide;
  low = scaled(least);
  high = scaled(most);
  double space =
      high > low ? (high - low) * 0.06 : std::max(std::abs(low) * 0.1, 1e-6);
  low -= space;
  high += space;
}

std::vector<double> Axis::ticks() const {
  std::vector<double> all;
  if (isLogarithmic) {
    for (double power = std::floor(low); power <= high; ++power)
      for (double digit : {1., 2., 5.})
        if (double number = digit * std::pow(10, power);
            scaled(number) >= low && scaled(number) <= high)
          all.push_back(number);
    return all;
  }
  double rough = (high - low) / 6,
         unit = std::pow(10, std::floor(std::log10(rough)));
  double step = unit;
  for (double digit : {2., 5., 10.})
    if (step < rough)
      step = digit * unit;
  for (double i = std::ceil(low / step); i * step <= high; ++i)
    all.push_back(i == 0 ? 0 : i * step);
  return all;
}

Picture::Picture(raw_ostream &stream, const json::Object &search)
    : stream(stream), metric(search.getString("metric").value_or("").str()),
      size(search.getString("size").value_or("parameters").str()),
      greaterIsBetter(search.getBoolean("greater_is_better").value_or(true)) {
  if (const json::Object *original = search.getObject("original"))
    add(*original, /*isOriginal=*/true, /*isChosen=*/false);
  if (const json::Array *candidates = search.getArray("candidates"))
    for (const json::Value &value : *candidates)
      // Without passes it is the original once more.
      if (const json::Object *entry = value.getAsObject();
          entry && !entry->getString("passes").value_or("").empty())
        add(*entry, /*isOriginal=*/false, /*isChosen=*/false);
  if (const json::Object *chosen = search.getObject("chosen"))
    add(*chosen, /*isOriginal=*/false, /*isChosen=*/true);
  llvm::sort(points,
             [](const Point &a, const Point &b) { return a.size < b.size; });
  findFront();
}

void Picture::add(const json::Object &entry, bool isOriginal, bool isChosen) {
  std::optional<double> known = entry.getNumber(size),
                        measured = entry.getNumber("metric");
  if (known && measured)
    points.push_back({&entry, *known, *measured, isOriginal, isChosen});
}

void Picture::findFront() {
  for (Point &point : points)
    point.isDominated = llvm::any_of(points, [&](const Point &other) {
      bool isWorse =
          other.size > point.size || isBetter(point.metric, other.metric);
      return !isWorse &&
             (other.size < point.size || isBetter(other.metric, point.metric));
    });
}

std::string Picture::describe(const Point &point) const {
  std::string text = formatv("{0} {1}, {2} {3:F4}", shortNumber(point.size),
                             titleOf(size), metric, point.metric);
  if (point.isOriginal)
    return "the original: " + text;
  return text + (point.isFitted() ? ", fitted: " : ": ") + point.passes().str();
}

void Picture::writeStyle() {
  stream << "<style>.point{fill:var(--paper);stroke:var(--weak);"
            "stroke-width:1.2}.point.fitted{fill:var(--weak)}"
            ".point.front{stroke:var(--front);stroke-width:1.8}"
            ".point.front.fitted{fill:var(--front)}"
            ".point.original{fill:var(--ink);stroke:var(--ink)}"
            ".point.chosen{fill:none;stroke:var(--mark);stroke-width:2}"
            ".way{fill:none;stroke:var(--front);stroke-width:1.5}"
            "text.chosen{fill:var(--mark)}svg text.title{font-size:13px}"
            ".picture{width:100%;max-width:54em;height:auto}"
            "table{border-collapse:collapse;margin-top:.6em}"
            "tr.chosen td{color:var(--mark)}tr.dominated td{color:var(--weak)}"
            "td.number,th.number{text-align:right;"
            "font-variant-numeric:tabular-nums}"
            "td.passes{font-family:monospace;font-size:.85em;"
            "overflow-wrap:anywhere}th{border-bottom:1px solid var(--line)}"
            "#all:not(:checked)~table tr.dominated{display:none}</style>\n";
}

void Picture::writeSummary() {
  size_t front =
      llvm::count_if(points, [](const Point &p) { return !p.isDominated; });
  stream << "<p>" << points.size()
         << " measured models, the original among them. " << front
         << (front == 1 ? " is" : " are")
         << " such that none is smaller and at least as good. "
         << escaped(metric) << ": " << (greaterIsBetter ? "greater" : "lower")
         << " is better.</p>\n";
  for (const Point &point : points)
    if (point.isOriginal || point.isChosen)
      stream << "<p>" << (point.isChosen ? "Chosen: " : "")
             << escaped(describe(point)) << "</p>\n";
}

void Picture::writeAxes(const Axis &x, const Axis &y) {
  for (double tick : x.ticks())
    stream << formatv("<line class=\"axis\" x1=\"{0:F1}\" x2=\"{0:F1}\" "
                      "y1=\"{1:F1}\" y2=\"{2:F1}\"/><text x=\"{0:F1}\" "
                      "y=\"{3:F1}\" text-anchor=\"middle\">{4}</text>\n",
                      x.at(tick), top, bottom, bottom + 16, shortNumber(tick));
  for (double tick : y.ticks())
    stream << formatv("<line class=\"axis\" x1=\"{0:F1}\" x2=\"{1:F1}\" "
                      "y1=\"{2:F1}\" y2=\"{2:F1}\"/><text x=\"{3:F1}\" "
                      "y=\"{4:F1}\" text-anchor=\"end\">{5}</text>\n",
                      left, right, y.at(tick), left - 6, y.at(tick) + 4,
                      shortNumber(tick));
  stream << formatv("<text class=\"title\" x=\"{0:F1}\" y=\"{1:F1}\" "
                    "text-anchor=\"middle\">{2}</text>\n",
                    (left + right) / 2, bottom + 38, titleOf(size))
         << formatv("<text class=\"title\" transform=\"rotate(-90)\" "
                    "x=\"{0:F1}\" y=\"16\" text-anchor=\"middle\">{1} ({2} is "
                    "better)</text>\n",
                    -(top + bottom) / 2, escaped(metric),
                    greaterIsBetter ? "greater" : "lower");
}

/// Steps: between two sizes, the smaller one's metric is what there is.
void Picture::writeFront(const Axis &x, const Axis &y) {
  stream << "<path class=\"way\" d=\"";
  bool begun = false;
  for (const Point &point : points)
    if (!point.isDominated) {
      if (begun)
        stream << formatv("H{0:F1}V{1:F1}", x.at(point.size),
                          y.at(point.metric));
      else
        stream << formatv("M{0:F1} {1:F1}", x.at(point.size),
                          y.at(point.metric));
      begun = true;
    }
  stream << "\"/>\n";
}

void Picture::writePoint(const Point &point, const Axis &x, const Axis &y) {
  double atX = x.at(point.size), atY = y.at(point.metric);
  std::string kind = "point";
  kind += point.isFitted() ? " fitted" : "";
  kind += point.isDominated ? "" : " front";
  if (point.isOriginal)
    stream << formatv("<rect class=\"point original\" x=\"{0:F1}\" "
                      "y=\"{1:F1}\" width=\"9\" height=\"9\">",
                      atX - 4.5, atY - 4.5);
  else
    stream << formatv("<circle class=\"{0}\" cx=\"{1:F1}\" cy=\"{2:F1}\" "
                      "r=\"{3}\">",
                      point.isChosen ? "point chosen" : StringRef(kind), atX,
                      atY, point.isChosen ? 8 : 4);
  stream << "<title>" << escaped(describe(point)) << "</title></"
         << (point.isOriginal ? "rect" : "circle") << ">\n";
  if (point.isOriginal || point.isChosen)
    stream << formatv("<text class=\"{0}\" x=\"{1:F1}\" y=\"{2:F1}\" "
                      "text-anchor=\"{3}\">{0}</text>\n",
                      point.isChosen ? "chosen" : "original",
                      atX + (atX > width / 2 ? -12 : 12),
                      atY + (point.isChosen ? 18 : -9),
                      atX > width / 2 ? "end" : "start");
}

void Picture::writePicture() {
  std::vector<double> sizes, metrics;
  for (const Point &point : points) {
    sizes.push_back(point.size);
    metrics.push_back(point.metric);
  }
  Axis x(sizes, left, right, /*mayBeLogarithmic=*/false),
      y(metrics, bottom, top, /*mayBeLogarithmic=*/!greaterIsBetter);
  stream << formatv("<svg class=\"picture\" viewBox=\"0 0 {0} {1}\" "
                    "role=\"img\" aria-label=\"{2} by {3}\">\n",
                    width, height, escaped(metric), titleOf(size));
  writeAxes(x, y);
  writeFront(x, y);
  // Marks over others, and the front over the rest.
  for (int layer : {0, 1, 2})
    for (const Point &point : points)
      if (layer == (point.isOriginal || point.isChosen ? 2
                    : point.isDominated                ? 0
                                                       : 1))
        writePoint(point, x, y);
  stream << "</svg>\n<p>Hollow: before the fit; filled: fitted; the line: what "
            "no other is better than in both.</p>\n";
}

void Picture::writeTable() {
  std::vector<StringRef> columns;
  for (StringRef key : {"parameters", "multiply_adds", "latency_ms",
                        "latency_share", "flash", "sram", "metric", "loss"})
    if (llvm::any_of(points, [&](const Point &point) {
          return point.entry->get(key) != nullptr;
        }))
      columns.push_back(key);
  stream
      << "<input type=\"checkbox\" id=\"all\"> <label for=\"all\">with those "
         "that others are better than</label>\n<table><thead><tr>";
  for (StringRef key : columns)
    stream << "<th class=\"number\">"
           << escaped(key == "metric" ? StringRef(metric) : titleOf(key));
  stream << "<th>fitted<th>passes</tr></thead>\n";
  for (const Point &point : points) {
    bool isKept = point.isOriginal || point.isChosen || !point.isDominated;
    stream << "<tr class=\""
           << (point.isChosen ? "chosen"
               : isKept       ? "front"
                              : "dominated")
           << "\">";
    for (StringRef key : columns) {
      const json::Value *value = point.entry->get(key);
      stream << "<td class=\"number\">" << (value ? numberText(*value) : "");
    }
    stream << "<td>" << (point.isFitted() ? "yes" : "")
           << "<td class=\"passes\">"
           << (point.isOriginal ? "the original"
               : point.isChosen ? "chosen: " + escaped(point.passes())
                                : escaped(point.passes()))
           << "</tr>\n";
  }
  stream << "</table>\n";
}

void Picture::write() {
  writeStyle();
  if (points.empty()) {
    stream << "<p>Nothing was measured.</p>\n";
    return;
  }
  writeSummary();
  writePicture();
  writeTable();
}

} // namespace

void tfc::drawSearch(raw_ostream &stream, const json::Object &search) {
  Picture(stream, search).write();
}
