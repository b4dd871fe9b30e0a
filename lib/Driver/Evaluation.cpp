//===- Evaluation.cpp - how good a compiled model is ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluation.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace tfc;
using llvm::ArrayRef;
using llvm::StringRef;

static constexpr std::pair<StringRef, Evaluation::Metric> metricNames[] = {
    {"top1", Evaluation::Metric::Top1},
    {"perplexity", Evaluation::Metric::Perplexity},
    {"mse", Evaluation::Metric::Mse},
    {"cosine", Evaluation::Metric::Cosine}};

std::optional<Evaluation::Metric> Evaluation::metricOf(StringRef name) {
  for (auto [known, metric] : metricNames)
    if (known == name)
      return metric;
  return std::nullopt;
}

StringRef Evaluation::nameOf(Metric metric) {
  for (auto [name, known] : metricNames)
    if (known == metric)
      return name;
  return "command";
}

/// Numbers of any type of integer; empty for others.
static std::vector<int64_t> integersOf(const run::Array &array) {
  std::vector<int64_t> numbers;
  auto read = [&](auto zero) {
    using T = decltype(zero);
    const T *at = reinterpret_cast<const T *>(array.data.data());
    numbers.assign(at, at + array.elements());
  };
  switch (array.type) {
  case TFC_INT64:
    read(int64_t());
    break;
  case TFC_INT32:
    read(int32_t());
    break;
  case TFC_UINT8:
    read(uint8_t());
    break;
  case TFC_INT8:
    read(int8_t());
    break;
  default:
    break;
  }
  return numbers;
}

llvm::Error Evaluation::read(StringRef path, mlir::func::FuncOp function) {
  if (llvm::Error error = data.open(path, function))
    return error;
  if (!needsLabels())
    return llvm::Error::success();
  const run::Array *array = data.find("labels");
  if (!array)
    return llvm::createStringError("'" + path +
                                   "' has no array 'labels', of "
                                   "which --metric=" +
                                   nameOf(metric) + " wants one for each row");
  labels = integersOf(*array);
  if (labels.empty())
    return llvm::createStringError("'labels' of '" + path + "' are " +
                                   run::typeName(array->type) +
                                   "; expected int64, int32, int8 or uint8");
  return llvm::Error::success();
}

/// Adds the rows of a call to the sums, by the labels.
bool Evaluation::add(ArrayRef<float> numbers, size_t width,
                     std::string &error) {
  for (; !numbers.empty(); numbers = numbers.drop_front(width), ++rows) {
    ArrayRef<float> row = numbers.take_front(width);
    if (rows >= labels.size() || labels[rows] < 0 ||
        labels[rows] >= int64_t(width)) {
      error = rows >= labels.size()
                  ? "there are fewer labels than rows of the first output"
                  : "label " + std::to_string(rows) + " is " +
                        std::to_string(labels[rows]) + ", of " +
                        std::to_string(width) + " classes";
      return false;
    }
    const float *greatest = llvm::max_element(row);
    double total = 0;
    for (float number : row)
      total += std::exp(double(number) - *greatest);
    right += greatest - row.begin() == labels[rows];
    sum += std::log(total) + *greatest - row[labels[rows]];
  }
  return true;
}

/// Adds the rows of a call to the sums, by what the original gave for them.
bool Evaluation::compare(ArrayRef<float> numbers, size_t width) {
  if (elements + numbers.size() > reference.size())
    return false;
  for (; !numbers.empty(); numbers = numbers.drop_front(width), ++rows) {
    double product = 0, own = 0, other = 0;
    for (size_t i = 0; i < width; ++i, ++elements) {
      double now = numbers[i], then = reference[elements];
      sum += (now - then) * (now - then);
      product += now * then;
      own += now * now;
      other += then * then;
    }
    right += own > 0 && other > 0 ? product / std::sqrt(own * other) : 0;
  }
  return true;
}

bool Evaluation::collect(const ObservedModel &model, int64_t call,
                         run::Arrays &all, std::string &error) {
  for (size_t i = 0; i < model.numOutputs(); ++i) {
    run::Array &array = all[model.nameOf(i)];
    std::vector<int64_t> dims = model.dimsOf(i);
    dims.insert(dims.begin(), data.samples());
    if (call == 0)
      array = {model.typeOf(i), dims, {}};
    if (array.dims != dims) {
      error = "output '" + model.nameOf(i) + "' has other sizes for sample " +
              std::to_string(call) +
              " than for sample 0, so that '{outputs}' of --metric-command "
              "cannot hold both";
      return false;
    }
    llvm::ArrayRef<char> bytes = model.numbers<char>(i);
    array.data.insert(array.data.end(), bytes.begin(), bytes.end());
  }
  return true;
}

bool Evaluation::measureByCommand(const std::string &library, PhaseLog &log,
                                  Measured &result, std::string &error) {
  run::Arrays outputs;
  if (command->readsOutputs()) {
    ObservedModel model;
    error = model.open(library);
    if (!error.empty() || !model.callAll(data, log, error, [&](int64_t call) {
          return collect(model, call, outputs, error);
        }))
      return false;
  }
  llvm::Expected<double> number = command->run(library, outputs);
  if (!number) {
    error = llvm::toString(number.takeError());
    return false;
  }
  result.metric = *number;
  result.loss = isGreaterBetter ? -*number : *number;
  return true;
}

bool Evaluation::measure(const std::string &library, PhaseLog &log,
                         Measured &result, std::string &error,
                         const std::vector<tfc_tensor> &more) {
  if (command)
    return measureByCommand(library, log, result, error);
  ObservedModel model;
  error = model.open(library);
  if (!error.empty())
    return false;
  sum = right = 0;
  rows = elements = 0;
  auto use = [&](int64_t) {
    if (model.typeOf(0) != TFC_FLOAT32) {
      error = "the first output is not of float32, which metrics are of";
      return false;
    }
    ArrayRef<float> numbers = model.numbers<float>(0);
    size_t width = model.dimsOf(0).empty() ? 1 : model.dimsOf(0).back();
    if (needsLabels())
      return add(numbers, std::max<size_t>(width, 1), error);
    if (!hasReference)
      reference.insert(reference.end(), numbers.begin(), numbers.end());
    if (!compare(numbers, std::max<size_t>(width, 1)))
      error = "the outputs are not of the original's sizes";
    return error.empty();
  };
  if (!model.callAll(data, log, error, use, more))
    return false;
  hasReference = true;
  double mean = sum / std::max<double>(needsLabels() ? rows : elements, 1),
         share = right / std::max<double>(rows, 1);
  if (needsLabels() && rows != labels.size())
    error = "there are " + std::to_string(labels.size()) + " labels, and " +
            std::to_string(rows) + " rows of the first output";
  else if (!std::isfinite(mean) || !std::isfinite(share))
    error = "--metric=" + nameOf(metric).str() + " is not a number";
  if (!error.empty())
    return false;
  switch (metric) {
  case Metric::Top1:
    result.metric = share;
    result.loss = mean;
    break;
  case Metric::Perplexity:
    result.metric = std::exp(mean);
    result.loss = mean;
    break;
  case Metric::Mse:
    result.metric = result.loss = mean;
    break;
  case Metric::Cosine:
    result.metric = share;
    result.loss = 1 - share;
    break;
  case Metric::Command:
    break;
  }
  return true;
}

double Evaluation::drop(const Measured &before, const Measured &now) const {
  return isGreaterBetter ? before.metric - now.metric
                         : now.metric - before.metric;
}
