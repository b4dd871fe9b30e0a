//===- LayerFitter.cpp - the layers of a smaller model, fitted -*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerFitter.h"
#include "Calibration.h"
#include "ObservedModel.h"

#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace tfc;

namespace {

int64_t widthOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape().back();
}

/// Sums of rows, many at once.
class GatheredRows {
public:
  GatheredRows(int64_t inputs, int64_t outputs) : sums(inputs, outputs) {}

  void add(ArrayRef<float> moreX, ArrayRef<float> moreTarget) {
    constexpr size_t rowsAtOnce = 256;
    x.insert(x.end(), moreX.begin(), moreX.end());
    target.insert(target.end(), moreTarget.begin(), moreTarget.end());
    if (x.size() >= rowsAtOnce * sums.input.size())
      flush();
  }

  compress::FitSums take() {
    flush();
    return std::move(sums);
  }

private:
  void flush() {
    sums.add(x, target);
    x.clear();
    target.clear();
  }

  compress::FitSums sums;
  std::vector<float> x, target;
};

/// A layer that is fitted, and its numbers, which calls get as inputs.
class FittedLayer {
public:
  explicit FittedLayer(attn::LinearOp layer) : layer(layer) { read(); }

  void addInputs(std::vector<tfc_tensor> &inputs) {
    for (run::Array &array : arrays)
      inputs.push_back({array.data.data(), array.dims.data(),
                        static_cast<int32_t>(array.dims.size()), array.type});
  }

  /// Solves for the numbers that are best with what `model` gives in results
  /// `at` and behind it.
  bool fit(ObservedModel &model, size_t at, CalibrationData &data,
           PhaseLog &log, llvm::ArrayRef<tfc_tensor> inputs,
           std::string &error) {
    // Of four samples one is held back.
    constexpr int64_t parts = 4;
    GatheredRows seen(widthOf(layer.getX()), widthOf(layer.getInit())),
        held = seen;
    auto use = [&](int64_t sample) {
      GatheredRows &to = sample % parts == parts - 1 ? held : seen;
      to.add(model.numbers<float>(at), model.numbers<float>(at + 1));
      return true;
    };
    if (!model.callAll(data, log, error, use, inputs))
      return false;
    compress::fitLayer(layer, seen.take(), held.take());
    read();
    return true;
  }

private:
  void read() {
    arrays.clear();
    SmallVector<Value> operands{layer.getWeight()};
    if (layer.getBias())
      operands.push_back(layer.getBias());
    for (auto [operand, numbers] :
         llvm::zip_equal(operands, compress::numbersOfLayer(layer))) {
      run::Array array;
      ArrayRef<int64_t> shape = cast<ShapedType>(operand.getType()).getShape();
      array.dims.assign(shape.begin(), shape.end());
      const char *bytes = reinterpret_cast<const char *>(numbers.data());
      array.data.assign(bytes, bytes + numbers.size() * sizeof(float));
      arrays.push_back(std::move(array));
    }
  }

  attn::LinearOp layer;
  std::vector<run::Array> arrays;
};

/// Both models in one, as attn-observe-fit makes it.
ExitCode join(PassRunner &runner, func::FuncOp original,
              ArrayRef<int64_t> numbers, OwningOpRef<ModuleOp> &joined) {
  constexpr StringLiteral name = "tfc_original";
  func::FuncOp copy = original.clone();
  copy.setName(name);
  copy.setPrivate();
  joined->push_back(copy);
  return runner.run(joined, "fit", /*mayRefuse=*/false, [&](OpPassManager &pm) {
    compress::ObserveFitPassOptions fit;
    fit.original = name;
    fit.layers.assign(numbers.begin(), numbers.end());
    pm.addPass(compress::createObserveFitPass(fit));
  });
}

std::vector<tfc_tensor> inputsOf(MutableArrayRef<FittedLayer> layers) {
  std::vector<tfc_tensor> inputs;
  for (FittedLayer &layer : layers)
    layer.addInputs(inputs);
  return inputs;
}

} // namespace

ExitCode tfc::fitLayers(PassRunner &runner, ModuleOp original,
                        ModuleOp compressed, CalibrationData &data,
                        UseFitted use) {
  func::FuncOp before = functionOf(original), now = functionOf(compressed);
  SmallVector<int64_t> numbers = compress::layersToFit(now);
  // Without the blocks behind it, a block may be computed for fewer rows than
  // in the original.
  llvm::erase_if(numbers, [&](int64_t number) {
    attn::LinearOp was = compress::layerOf(before, number);
    return !was || was.getInit().getType() !=
                       compress::layerOf(now, number).getInit().getType();
  });
  if (numbers.empty() && !use)
    return ExitSuccess;
  std::vector<FittedLayer> layers;
  for (int64_t number : numbers)
    layers.emplace_back(compress::layerOf(now, number));
  auto fit = [&](const std::string &library, std::string &error) {
    ObservedModel model;
    error = model.open(library);
    if (!error.empty())
      return failure();
    size_t at = model.numOutputs() - 2 * layers.size();
    for (FittedLayer &layer : layers) {
      if (!layer.fit(model, at, data, runner.log, inputsOf(layers), error))
        return failure();
      at += 2;
    }
    return use ? use(library, inputsOf(layers), error) : success();
  };
  return runner.callOnHost(
      compressed,
      [&](OwningOpRef<ModuleOp> &joined) {
        return join(runner, before, numbers, joined);
      },
      fit);
}
