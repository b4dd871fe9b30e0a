//===- Compiler.cpp - model file in, artefact out ---------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Calibration.h"
#include "Compression.h"
#include "Diagnostics.h"
#include "Output.h"
#include "PhaseLog.h"
#include "Report.h"
#include "Reproducer.h"
#include "Target.h"
#include "tfc/Driver/Driver.h"
#include "tfc/Driver/Register.h"

#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Import/Import.h"
#include "tfc/Passes/Compress/Compression.h"
#include "tfc/Passes/Compress/LayerFit.h"
#include "tfc/Passes/Compress/LinearInputs.h"
#include "tfc/Passes/Compress/Passes.h"
#include "tfc/Passes/Raise/Pipelines.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tfc;

StringRef tfc::phaseName(Phase phase) {
  switch (phase) {
  case Phase::Import:
    return "import";
  case Phase::Raise:
    return "raise";
  case Phase::Lower:
    return "lower";
  case Phase::Emit:
    return "emit";
  }
  return "";
}

bool tfc::isPicture(StringRef reportFile) {
  return llvm::sys::path::extension(reportFile) == ".html";
}

namespace {

class Compilation {
public:
  Compilation(const CompileOptions &options, MLIRContext &context,
              llvm::raw_ostream &out, DiagnosticPrinter &diagnostics,
              PhaseLog &log, Report &report)
      : options(options), context(context), out(out), diagnostics(diagnostics),
        log(log), report(report), target(createTarget(options)) {}

  ExitCode run();

private:
  ExitCode checkOptions();
  ExitCode import();
  ExitCode raise();
  /// Runs the passes of --compress.
  ExitCode compress();
  /// Says of linear layers what goes into them when the model is called.
  ExitCode measureInputs();
  /// Fits layers of the compressed module to `original`, one after the other.
  ExitCode fitLayers(ModuleOp original);
  ExitCode fitLayer(func::FuncOp original, int64_t number,
                    CalibrationData &data);
  ExitCode quantize();
  ExitCode readCalibration(CalibrationData &data);
  /// Compiles a copy of the module, after `observe`, for this machine, whatever
  /// the target is, and gives the library's file to `use`.
  ExitCode callOnHost(
      llvm::function_ref<ExitCode(OwningOpRef<ModuleOp> &)> observe,
      llvm::function_ref<LogicalResult(const std::string &, std::string &)>
          use);
  /// Returns the observed tensors too, which come from `places`.
  ExitCode observe(OwningOpRef<ModuleOp> &observed,
                   std::vector<Location> &places);
  /// The ranges that attn-quantize takes, from calls of the model in f32.
  ExitCode calibrate(CalibrationData &data, std::vector<double> &ranges);
  ExitCode lower();
  ExitCode emit();

  /// Runs `build`'s passes on the module as one phase, with the verifier after
  /// it. What passes refuse with a message is the model's fault if
  /// `mayRefuse`; everything else that goes wrong is tfc's.
  ExitCode runPasses(StringRef name, bool mayRefuse,
                     llvm::function_ref<void(OpPassManager &)> build) {
    return runPasses(module, name, mayRefuse, build);
  }
  ExitCode runPasses(OwningOpRef<ModuleOp> &module, StringRef name,
                     bool mayRefuse,
                     llvm::function_ref<void(OpPassManager &)> build);
  ExitCode internalError(StringRef during, ModuleOp before, StringRef pipeline);
  ExitCode refuse(llvm::Error error);
  ExitCode printModule();

  bool stopsAt(Phase phase, EmitKind kind) const {
    return options.stopAfter ? *options.stopAfter == phase
                             : options.emit == kind;
  }
  bool isBinary() const {
    return !options.stopAfter && (options.emit == EmitKind::Object ||
                                  options.emit == EmitKind::SharedLibrary);
  }

  const CompileOptions &options;
  MLIRContext &context;
  llvm::raw_ostream &out;
  DiagnosticPrinter &diagnostics;
  PhaseLog &log;
  Report &report;
  std::unique_ptr<Target> target;
  OwningOpRef<ModuleOp> module;
};

ExitCode Compilation::refuse(llvm::Error error) {
  diagnostics.error(llvm::toString(std::move(error)));
  return ExitRefused;
}

ExitCode Compilation::internalError(StringRef during, ModuleOp before,
                                    StringRef pipeline) {
  std::string path = reproducerName(options.input);
  diagnostics.error("internal error in phase '" + during +
                    "'; please report it");
  if (!before)
    return ExitInternal;
  if (llvm::Error error = writeReproducer(before, pipeline, path))
    diagnostics.note("no reproducer: " + llvm::toString(std::move(error)));
  else
    diagnostics.note("a reproducer is in '" + path + "'");
  return ExitInternal;
}

ExitCode
Compilation::runPasses(OwningOpRef<ModuleOp> &module, StringRef name,
                       bool mayRefuse,
                       llvm::function_ref<void(OpPassManager &)> build) {
  log.begin(name);
  llvm::scope_exit end([&] { log.end(); });
  PassManager pm(&context, ModuleOp::getOperationName());
  pm.enableVerifier(false);
  build(pm);
  // Attributes are shared, so this copies operations but no weights.
  OwningOpRef<ModuleOp> before(module->clone());
  unsigned errors = diagnostics.errors();
  LogicalResult result = failure();
  llvm::CrashRecoveryContext guard;
  if (!guard.RunSafely([&] { result = pm.run(*module); })) {
    // What a crash leaves behind must not be touched, not even freed.
    module.release();
    return internalError(name, *before, pipelineText(pm));
  }
  if (failed(result) && mayRefuse && diagnostics.errors() > errors)
    return ExitRefused;
  if (failed(result) || failed(verify(*module)))
    return internalError(name, *before, pipelineText(pm));
  return ExitSuccess;
}

ExitCode Compilation::checkOptions() {
  if (!options.output.empty() && options.output != "-") {
    if (llvm::Error error = checkWritable(options.output))
      return refuse(std::move(error));
    if (llvm::sys::fs::equivalent(options.input, options.output)) {
      diagnostics.error("the output would overwrite the input");
      return ExitUsage;
    }
  }
  return target->checkOptions(diagnostics);
}

ExitCode Compilation::import() {
  log.begin(phaseName(Phase::Import));
  llvm::scope_exit end([&] { log.end(); });
  StringRef extension = llvm::sys::path::extension(options.input);
  if (extension == ".mlir" || extension == ".mlirbc") {
    ParserConfig config(&context);
    module = parseSourceFile<ModuleOp>(options.input, config);
  } else {
    ImportOptions importOptions;
    importOptions.inputShapes = options.inputShapes;
    module = importOnnxFile(context, options.input, importOptions);
  }
  if (!module)
    return diagnostics.errors() ? ExitRefused
                                : internalError("import", nullptr, "");
  if (failed(verify(*module)))
    return internalError("import", *module, "builtin.module()");
  diagnostics.rememberNodes(*module);
  report.noteNodes(*module);
  return ExitSuccess;
}

ExitCode Compilation::raise() {
  // MLIR text may have been raised before.
  bool hasOnnx =
      module
          ->walk([](Operation *op) {
            return isa_and_nonnull<tfc::onnx::OnnxDialect>(op->getDialect())
                       ? WalkResult::interrupt()
                       : WalkResult::advance();
          })
          .wasInterrupted();
  if (hasOnnx || (*module)->hasAttr("onnx.opset")) {
    ExitCode code =
        runPasses(phaseName(Phase::Raise), /*mayRefuse=*/true,
                  [](OpPassManager &pm) { raise::buildRaisePipeline(pm, {}); });
    if (code != ExitSuccess)
      return code;
  }
  if (!(*module)->hasAttr("tfc.model_name"))
    (*module)->setAttr(
        "tfc.model_name",
        StringAttr::get(&context, llvm::sys::path::stem(options.input)));
  report.noteRaised(*module);
  return ExitSuccess;
}

ExitCode Compilation::observe(OwningOpRef<ModuleOp> &observed,
                              std::vector<Location> &places) {
  ExitCode code =
      runPasses(observed, "observe", /*mayRefuse=*/true, [](OpPassManager &pm) {
        pm.addNestedPass<func::FuncOp>(compress::createObservePass());
      });
  if (code != ExitSuccess)
    return code;
  places = observedPlaces(functionOf(*observed));
  if (!places.empty())
    return ExitSuccess;
  diagnostics.error(
      "nothing to quantise: no operation in f32 has a form in int8");
  return ExitRefused;
}

ExitCode Compilation::callOnHost(
    llvm::function_ref<ExitCode(OwningOpRef<ModuleOp> &)> observe,
    llvm::function_ref<LogicalResult(const std::string &, std::string &)> use) {
  OwningOpRef<ModuleOp> observed(module->clone());
  ScratchFile library;
  if (llvm::Error error = library.create(""))
    return refuse(std::move(error));
  CompileOptions hostOptions;
  hostOptions.input = options.input;
  hostOptions.output = library.name().str();
  std::unique_ptr<Target> host = createTarget(hostOptions);
  ExitCode code = host->checkOptions(diagnostics);
  if (code != ExitSuccess)
    return code;
  if (llvm::Error error = host->prepare(/*isBinary=*/true))
    return refuse(std::move(error));
  if ((code = observe(observed)) != ExitSuccess)
    return code;
  code = runPasses(observed, "host", host->mayRefuse(),
                   [&](OpPassManager &pm) { host->buildPipeline(pm); });
  if (code != ExitSuccess)
    return code;
  log.begin("calibrate");
  llvm::scope_exit end([&] { log.end(); });
  unsigned errors = diagnostics.errors();
  if (failed(
          host->emit(*observed, EmitKind::SharedLibrary, hostOptions.output)))
    return diagnostics.errors() > errors
               ? ExitRefused
               : internalError("calibrate", nullptr, "");
  std::string error;
  if (succeeded(use(hostOptions.output, error)))
    return ExitSuccess;
  if (!error.empty())
    diagnostics.error(error);
  return ExitRefused;
}

ExitCode Compilation::calibrate(CalibrationData &data,
                                std::vector<double> &ranges) {
  std::vector<Location> places;
  ExitCode code = callOnHost(
      [&](OwningOpRef<ModuleOp> &observed) {
        return observe(observed, places);
      },
      [&](const std::string &library, std::string &error) -> LogicalResult {
        FailureOr<std::vector<double>> measured =
            measureRanges(library, data, options.ranges, places, log, error);
        if (succeeded(measured))
          ranges = std::move(*measured);
        return measured;
      });
  if (code == ExitSuccess)
    report.noteCalibration(options.ranges, data.samples(), places.size());
  return code;
}

ExitCode Compilation::readCalibration(CalibrationData &data) {
  func::FuncOp function = functionOf(*module);
  if (!function) {
    diagnostics.error("expected one function to call with the calibration "
                      "data");
    return ExitRefused;
  }
  if (llvm::Error error = data.read(options.calibrationFile))
    return refuse(std::move(error));
  if (llvm::Error error = data.match(function))
    return refuse(std::move(error));
  return ExitSuccess;
}

ExitCode Compilation::measureInputs() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  if (code != ExitSuccess ||
      compress::linearInputs(functionOf(*module)).empty())
    return code;
  return callOnHost(
      [&](OwningOpRef<ModuleOp> &observed) {
        return runPasses(observed, "observe", /*mayRefuse=*/false,
                         [](OpPassManager &pm) {
                           pm.addNestedPass<func::FuncOp>(
                               compress::createObserveInputsPass());
                         });
      },
      [&](const std::string &library, std::string &error) {
        return tfc::measureInputs(library, data, functionOf(*module), log,
                                  error);
      });
}

ExitCode Compilation::compress() {
  OpPassManager passes(func::FuncOp::getOperationName());
  bool readsInputs = false;
  if (llvm::Error error = compress::addCompressionPasses(options.compression,
                                                         passes, readsInputs))
    return refuse(std::move(error));
  func::FuncOp function = functionOf(*module);
  if (!function) {
    diagnostics.error("expected one function to compress");
    return ExitRefused;
  }
  int64_t before = compress::numberOfParameters(function);
  OwningOpRef<ModuleOp> original;
  if (readsInputs && !options.calibrationFile.empty()) {
    if (ExitCode code = measureInputs(); code != ExitSuccess)
      return code;
    if (options.fitLayers) {
      compress::numberLayers(function);
      original = module->clone();
    }
  }
  ExitCode code =
      runPasses("compress", /*mayRefuse=*/true, [&](OpPassManager &pm) {
        pm.nest<func::FuncOp>() = passes;
        pm.addPass(createCanonicalizerPass());
        pm.addPass(createCSEPass());
      });
  if (code != ExitSuccess)
    return code;
  function = functionOf(*module);
  compress::dropInputStatistics(function);
  if (original && (code = fitLayers(*original)) != ExitSuccess)
    return code;
  compress::dropLayerNumbers(function);
  report.noteCompression(before, compress::numberOfParameters(function),
                         function->removeAttr(compress::notesName));
  return ExitSuccess;
}

ExitCode Compilation::fitLayers(ModuleOp original) {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  func::FuncOp before = functionOf(original);
  for (int64_t number : compress::layersToFit(functionOf(*module)))
    if (code == ExitSuccess && compress::layerOf(before, number))
      code = fitLayer(before, number, data);
  return code;
}

ExitCode Compilation::fitLayer(func::FuncOp original, int64_t number,
                               CalibrationData &data) {
  constexpr StringLiteral name = "tfc_original";
  attn::LinearOp layer = compress::layerOf(functionOf(*module), number);
  auto width = [](Value value) {
    return cast<ShapedType>(value.getType()).getShape().back();
  };
  compress::FitSums sums(width(layer.getX()), width(layer.getInit()));
  ExitCode code = callOnHost(
      [&](OwningOpRef<ModuleOp> &observed) {
        func::FuncOp copy = original.clone();
        copy.setName(name);
        copy.setPrivate();
        observed->push_back(copy);
        return runPasses(observed, "fit", /*mayRefuse=*/false,
                         [&](OpPassManager &pm) {
                           compress::ObserveFitPassOptions fit;
                           fit.original = name;
                           fit.layer = number;
                           pm.addPass(compress::createObserveFitPass(fit));
                         });
      },
      [&](const std::string &library, std::string &error) {
        return measureFit(library, data, sums, log, error);
      });
  if (code == ExitSuccess)
    compress::fitLayer(layer, sums, options.fitDamping);
  return code;
}

ExitCode Compilation::quantize() {
  CalibrationData data;
  ExitCode code = readCalibration(data);
  if (code != ExitSuccess)
    return code;
  auto cleanUp = [](OpPassManager &pm) {
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
  };
  code = runPasses("expose", /*mayRefuse=*/false, [&](OpPassManager &pm) {
    pm.addNestedPass<func::FuncOp>(compress::createExposePass());
    cleanUp(pm);
  });
  compress::QuantizePassOptions known;
  std::vector<double> ranges;
  if (code != ExitSuccess || (code = calibrate(data, ranges)) != ExitSuccess)
    return code;
  known.ranges.assign(ranges.begin(), ranges.end());
  return runPasses("quantize", /*mayRefuse=*/false, [&](OpPassManager &pm) {
    pm.addNestedPass<func::FuncOp>(compress::createQuantizePass(known));
    cleanUp(pm);
  });
}

ExitCode Compilation::lower() {
  if (llvm::Error error = target->prepare(isBinary()))
    return refuse(std::move(error));
  ExitCode code =
      runPasses(phaseName(Phase::Lower), target->mayRefuse(),
                [&](OpPassManager &pm) { target->buildPipeline(pm); });
  if (code != ExitSuccess)
    return code;
  report.noteLowered(*module);
  log.note(report.planSummary());
  return code;
}

ExitCode Compilation::emit() {
  log.begin(phaseName(Phase::Emit));
  llvm::scope_exit end([&] { log.end(); });
  ScratchFile printed;
  std::string path = options.output;
  if (path == "-") {
    if (llvm::Error error = printed.create(""))
      return refuse(std::move(error));
    path = printed.name().str();
  }
  unsigned errors = diagnostics.errors();
  LogicalResult result = failure();
  llvm::CrashRecoveryContext guard;
  if (!guard.RunSafely(
          [&] { result = target->emit(*module, options.emit, path); }))
    return internalError(phaseName(Phase::Emit), *module, "builtin.module()");
  report.noteEmitted(*module);
  log.note(report.describeSizes());
  // The linker is missing, the disk is full: not our defects, and said.
  if (failed(result))
    return diagnostics.errors() > errors
               ? ExitRefused
               : internalError(phaseName(Phase::Emit), *module,
                               "builtin.module()");
  if (options.output != "-")
    return ExitSuccess;
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text)
    return refuse(llvm::createStringError("cannot read '" + path + "'"));
  out << (*text)->getBuffer();
  return ExitSuccess;
}

ExitCode Compilation::printModule() {
  auto print = [&](llvm::raw_ostream &stream) {
    OpPrintingFlags flags;
    if (options.elideWeights)
      flags.elideLargeElementsAttrs(16).elideLargeResourceString(0);
    (*module)->print(stream, flags);
    stream << "\n";
  };
  if (options.output == "-") {
    print(out);
    return ExitSuccess;
  }
  if (llvm::Error error = writeWhole(options.output, print))
    return refuse(std::move(error));
  return ExitSuccess;
}

ExitCode Compilation::run() {
  ExitCode code = checkOptions();
  if (code != ExitSuccess || (code = import()) != ExitSuccess)
    return code;
  if (stopsAt(Phase::Import, EmitKind::Onnx))
    return printModule();
  if ((code = raise()) == ExitSuccess && !options.compression.empty())
    code = compress();
  if (code == ExitSuccess && options.quantize)
    code = quantize();
  if (code != ExitSuccess || stopsAt(Phase::Raise, EmitKind::Attn))
    return code == ExitSuccess ? printModule() : code;
  if (!options.stopAfter && options.emit == EmitKind::Linalg) {
    code = runPasses("linalg", /*mayRefuse=*/false, x86::buildLinalgPipeline);
    return code == ExitSuccess ? printModule() : code;
  }
  if ((code = lower()) != ExitSuccess)
    return code;
  if (options.stopAfter == Phase::Lower)
    return printModule();
  return emit();
}

/// "bert.so" for "models/bert.onnx"; "-" for what is printed.
std::string defaultOutput(const CompileOptions &options) {
  StringRef stem = llvm::sys::path::stem(options.input);
  bool printed = options.stopAfter && *options.stopAfter != Phase::Emit;
  if (!printed && options.emit == EmitKind::Object)
    return (stem + ".o").str();
  if (!printed && options.emit == EmitKind::SharedLibrary)
    return (stem + ".so").str();
  return "-";
}

} // namespace

ExitCode tfc::compile(const CompileOptions &given, llvm::raw_ostream &out,
                      llvm::raw_ostream &err) {
  CompileOptions options = given;
  if (options.stopAfter == Phase::Emit)
    options.stopAfter.reset();
  if (options.output.empty())
    options.output = defaultOutput(options);

  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  PhaseLog log(err, options.verbose, options.progress);
  DiagnosticPrinter diagnostics(err, options.input, options.color);
  diagnostics.setBeforePrint([&] { log.clearLine(); });
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    diagnostics.handle(diagnostic);
    return success();
  });

  Report report;
  ExitCode code = ExitInternal;
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext guard;
  bool survived = guard.RunSafely([&] {
    Compilation compilation(options, context, out, diagnostics, log, report);
    code = compilation.run();
  });
  if (!survived) {
    diagnostics.error("internal error; please report it with the model");
    code = ExitInternal;
  }
  for (const std::string &file : options.reportFiles) {
    auto write = [&](llvm::raw_ostream &stream) {
      if (isPicture(file))
        report.drawPlan(stream, options);
      else
        stream << llvm::formatv("{0:2}", report.toJson(options, log, code))
               << "\n";
    };
    if (file == "-")
      write(out);
    else if (llvm::Error error = writeWhole(file, write)) {
      diagnostics.error(llvm::toString(std::move(error)));
      code = code == ExitSuccess ? ExitRefused : code;
    }
  }
  return code;
}
