//===- Driver.h - model file in, artefact out -------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DRIVER_DRIVER_H
#define TFC_DRIVER_DRIVER_H

#include "tfc/Support/ExitCodes.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace tfc {

/// Takes a message: its severity ("error", "warning", "remark" or "note"), the
/// file it is about, with line and column where there are any, and its text.
using DiagnosticConsumer = std::function<void(
    llvm::StringRef severity, llvm::StringRef place, llvm::StringRef message)>;

/// What a compilation writes, in the order the forms are reached.
enum class EmitKind {
  Onnx,
  /// An ONNX file.
  OnnxModel,
  Attn,
  Linalg,
  LLVMIR,
  Assembly,
  Ptx,
  Object,
  SharedLibrary
};

class TargetRegistry;

/// How the range of a tensor follows from its elements in calibration: all of
/// them, all but a share on both sides, or such that squared errors are least.
enum class RangeMethod { MinMax, Percentile, LeastError };

struct RangeChoice {
  RangeMethod method = RangeMethod::MinMax;
  /// Of the elements, those that lie in the range.
  double percentile = 99.99;
};

/// The named parts of a compilation, in their order.
enum class Phase { Import, Raise, Lower, Emit };

/// The name users know a phase by: "import", "raise", "lower", "emit".
llvm::StringRef phaseName(Phase phase);

struct CompileOptions {
  /// An ONNX file, or MLIR text (*.mlir, *.mlirbc) in the `onnx` dialect or
  /// with an entry function of `attn` and linalg.
  std::string input;
  /// "-": standard output, for printed forms only. Empty: standard output for
  /// printed forms, else the input's name with .o or .so in the current folder.
  std::string output;
  EmitKind emit = EmitKind::SharedLibrary;
  /// An ONNX file's large weights go to a file beside it.
  bool externalData = false;
  /// Stop after this phase and print the module as MLIR.
  std::optional<Phase> stopAfter;
  /// The name of a target: "x86-64", "cortex-m7" or one of the caller's.
  std::string target = "x86-64";
  /// x86-64: an LLVM CPU name or "native"; cuda: the least GPU, as sm_80.
  std::string cpu = "native";
  /// cuda: how factors of f32 are multiplied: "f32", "tf32" or "f16".
  std::string matmul = "f32";
  /// x86-64: what linear layers' weights are rounded to: "f16", "bf16" or, not
  /// at all, "f32".
  std::string weights = "f32";
  /// Tokens that the buffer of each cache has room for, which is an input and an
  /// output (`memory-place-caches`); 0: all inputs and outputs are their own.
  int64_t cacheCapacity = 0;
  /// Pairs INPUT=OUTPUT; empty: found by their names.
  std::vector<std::string> caches;
  /// Compute batches without their padding: `attn-pack-tokens`.
  bool paddingFree = false;
  /// x86-64: the folder of ModelEntry.o, which every shared library has; empty:
  /// where TFC_RUNTIME_DIR says, or lib/tfc beside the program's folder.
  std::string runtimeDirectory;
  /// 0 to 3.
  unsigned optLevel = 2;
  /// cortex-m7: what the artefact's names start with, a C identifier; empty:
  /// the output's name.
  std::string prefix;
  /// cortex-m7: floating point arguments in the FPU's registers.
  bool hardFloat = true;
  /// cortex-m7: the bytes there are for arena and stack, and for code and
  /// constants; 0: not said.
  uint64_t sram = 0, flash = 0;
  /// cortex-m7: compute in f32 what of a quantised model has no form in
  /// integers; where operators are named, only what comes from those.
  bool allowFloat = false;
  llvm::SmallVector<std::string> floatOperators;
  /// cortex-m7: with all that makes the arena smaller.
  bool savesMemory = true;
  /// cortex-m7: call a function of the user where each node begins; x86-64:
  /// tell parallel_for which nodes it works for.
  bool profile = false;
  /// cortex-m7: the input that the caller delivers by rows; empty: the only
  /// one.
  std::optional<std::string> streamedInput;
  /// Passes of the group Compress that run on the raised model, as in
  /// "low-rank{energy=0.98}"; empty: none.
  std::string compression;
  /// After compression by calibration data, fit layers to the original model.
  bool fitLayers = true;
  /// Search passes of compression until this is met, as in "params=50%"; empty:
  /// do not.
  std::string budget;
  /// What a search measures candidates with, an .npz file, and how: "top1",
  /// "perplexity", "mse" or "cosine".
  std::string evaluationFile, metric;
  /// Measure with a command of the shell instead, which is given `{library}`
  /// or `{outputs}` and prints a number; it may take so many seconds.
  std::string metricCommand;
  bool isLowerMetricBetter = false;
  double metricSeconds = 600;
  /// After how many seconds a search begins nothing new; 0: never.
  double searchSeconds = 0;
  /// How many candidates a search measures at most.
  unsigned searchCandidates = 200;
  /// Where a search keeps what it measured, to go on after an interruption.
  std::string searchCache;
  /// Where the compression is written to, and read from.
  std::string recipeOutput, recipe;
  /// Quantise the model to int8.
  bool quantize = false;
  /// Let biases take up what rounding weights changes on average.
  bool correctBiases = false;
  /// Nodes that --quantize leaves in f32.
  std::vector<std::string> quantizeKeep;
  /// Measure what each node costs in int8, with `evaluationFile`.
  bool measuresSensitivity = false;
  /// The most that int8 may make the metric worse: nodes stay in f32 for it.
  std::optional<double> quantizationDrop;
  /// Inputs for calls of the model, an .npz file, by which quantisation and
  /// compression decide.
  std::string calibrationFile;
  RangeChoice ranges;
  /// Sizes of inputs that replace the file's; -1 leaves a size open.
  llvm::StringMap<llvm::SmallVector<int64_t>> inputShapes;
  /// Where reports are written: pictures of the search and of the memory plan
  /// for names that end in .html, JSON for others.
  std::vector<std::string> reportFiles;
  /// Print each phase's time and peak memory to the error stream.
  bool verbose = false;
  /// Leave large constants out of printed IR; it then cannot be compiled.
  bool elideWeights = false;
  /// Diagnostics with colours.
  bool color = false;
  /// A line on the error stream that tells the current phase.
  bool progress = false;
};

/// Whether a report of this name is a picture.
bool isPicture(llvm::StringRef reportFile);

/// Compiles one model. Everything there is to say goes to `err` as diagnostics;
/// `out` receives the result when options.output asks for it. The output file
/// is written whole or not at all.
ExitCode compile(const CompileOptions &options, llvm::raw_ostream &out,
                 llvm::raw_ostream &err);

/// The same with targets of the caller's besides; see Target.h.
ExitCode compile(const CompileOptions &options, llvm::raw_ostream &out,
                 llvm::raw_ostream &err, const TargetRegistry &targets);
/// The same with messages to `consumer`; `out` receives what is asked for with
/// the name "-", and `log` the table of phases of options.verbose.
ExitCode compile(const CompileOptions &options, llvm::raw_ostream &out,
                 llvm::raw_ostream &log, DiagnosticConsumer consumer);

/// Compiles a copy of `module`, in the `onnx` dialect or raised, whose context
/// knows what registerDialects registers. options.input is its name in messages
/// and is not read.
ExitCode compileModule(mlir::ModuleOp module, const CompileOptions &options,
                       llvm::raw_ostream &out, llvm::raw_ostream &log,
                       DiagnosticConsumer consumer);

} // namespace tfc

#endif // TFC_DRIVER_DRIVER_H
