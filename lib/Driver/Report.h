//===- Report.h - what became of a model, as JSON ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_LIB_DRIVER_REPORT_H
#define TFC_LIB_DRIVER_REPORT_H

#include "CandidateSearch.h"
#include "PhaseLog.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace tfc {

/// A model that a search looked at.
struct Candidate {
  std::string passes;
  bool isFitted = false;
  Measured measured;
  /// What it takes of a device, in bytes, where it was compiled for one.
  std::optional<int64_t> flash, sram;
};

/// Collects the contents of --report.
class Report {
public:
  /// Notes the ONNX operators of a module in the `onnx` dialect.
  void noteNodes(mlir::ModuleOp module);
  /// Notes what the raised module consists of and from which ONNX operators
  /// each kind of operation came.
  void noteRaised(mlir::ModuleOp module);
  /// Notes what scales come from.
  void noteCalibration(const RangeChoice &choice, int64_t samples,
                       size_t tensors);
  /// Notes what passes of compression said that they did, and how many numbers
  /// the model held before and after them.
  void noteCompression(int64_t before, int64_t after, mlir::Attribute sites);
  /// Notes how many products of numbers a call adds up, where the sizes of the
  /// module's inputs are known.
  void noteMultiplyAdds(mlir::ModuleOp module);
  /// Notes what a search measures, what it wants less of ("parameters",
  /// "multiply_adds", "latency_ms" or "latency_share"), and what it began with.
  void noteSearch(llvm::StringRef metric, bool isGreaterBetter,
                  llvm::StringRef size, const Measured &whole);
  /// Notes a model that a search measured.
  void noteCandidate(const Candidate &candidate);
  /// Notes what has become of the model.
  void noteChosen(const Candidate &chosen);
  /// Notes what a node costs alone in int8, the rest of `whole` being in f32.
  void noteSensitivity(llvm::StringRef site, const Measured &alone,
                       const Measured &whole);
  /// Notes what quantisation made of the model, and what stayed in f32 for it.
  void noteQuantization(llvm::StringRef metric, const Measured &whole,
                        const Measured &quantized,
                        llvm::ArrayRef<std::string> kept);
  /// Notes where a plan of memory, if the target makes one, puts each buffer,
  /// and what it estimates of the device's time.
  void noteLowered(mlir::ModuleOp module);
  /// Notes what the artefact takes of a device's memory, if the target says it.
  void noteEmitted(mlir::ModuleOp module);

  /// One line on that for people; empty where nothing is known.
  std::string describeSizes() const;

  /// The plan's size and how good it is, in one line; empty without a plan.
  std::string planSummary() const;
  /// What kernels take at least, in one line; empty without an estimate.
  std::string estimateSummary() const;
  /// A page that shows the search and the plan of memory, as far as there are
  /// any.
  void drawPage(llvm::raw_ostream &stream, const CompileOptions &options) const;

  llvm::json::Value toJson(const CompileOptions &options, const PhaseLog &log,
                           ExitCode result) const;

private:
  struct Group {
    unsigned count = 0;
    std::map<std::string, unsigned> from;
  };
  /// ONNX operator names found in `location`.
  void collectOrigins(mlir::Location location,
                      std::map<std::string, unsigned> &from) const;

  std::map<std::string, unsigned> operators;
  llvm::DenseMap<mlir::Location, std::string> operatorAt;
  std::map<std::string, Group> raised, general;
  /// What passes say of the mechanisms that they looked for, by mechanism.
  std::map<std::string, llvm::json::Array> recognised;
  std::optional<llvm::json::Value> memoryPlan, estimate, sizes, calibration,
      compression, quantization;
  std::optional<llvm::json::Object> search;
  std::optional<int64_t> multiplyAdds;
  llvm::json::Array sensitivities;
};

} // namespace tfc

#endif // TFC_LIB_DRIVER_REPORT_H
