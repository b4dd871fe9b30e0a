//===- CommandLine.cpp - the command line of tfc ----------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Driver/CommandLine.h"
#include "Budget.h"
#include "Compression.h"
#include "Evaluation.h"
#include "MetricCommand.h"
#include "tfc/Driver/Driver.h"
#include "tfc/Support/OptionParser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include <cstdlib>

using namespace tfc;

namespace {

enum OptionId {
  OptOutput,
  OptTarget,
  OptCpu,
  OptMatmul,
  OptPaddingFree,
  OptWeights,
  OptCacheCapacity,
  OptCache,
  OptPrefix,
  OptFloatAbi,
  OptSram,
  OptFlash,
  OptAllowFloat,
  OptPlainMemory,
  OptProfile,
  OptInputStream,
  OptO0,
  OptO1,
  OptO2,
  OptO3,
  OptEmit,
  OptExternalData,
  OptStopAfter,
  OptShape,
  OptCompress,
  OptBudget,
  OptEvaluate,
  OptMetric,
  OptMetricCommand,
  OptMetricLower,
  OptMetricTimeout,
  OptSearchCandidates,
  OptSearchTime,
  OptResume,
  OptSaveRecipe,
  OptRecipe,
  OptNoFit,
  OptQuantize,
  OptCalibration,
  OptRanges,
  OptCorrectBiases,
  OptQuantizeKeep,
  OptReport,
  OptVerbose,
  OptColor,
  OptElide,
  OptHelp,
  OptVersion
};

const std::vector<OptionSpec> &optionTable() {
  static const std::vector<OptionSpec> table = {
      {"", "", "OUTPUT"},
      {"-o", "FILE",
       "where the result goes; - prints it. Without -o:\n"
       "MODEL.so or MODEL.o in the current folder; printed\n"
       "forms go to standard output",
       OptOutput, false},
      {"--emit", "FORM",
       "so (shared library, the default), obj (cortex-m7's\n"
       "default), ptx (cuda's kernels), asm, llvm, onnx-model (an\n"
       "ONNX file), or MLIR: onnx (as imported), attn (raised),\n"
       "linalg",
       OptEmit},
      {"--external-data", "",
       "write the weights of an ONNX file to FILE.data beside\n"
       "it, as is done above 2 GB",
       OptExternalData},
      {"--stop-after", "PHASE",
       "stop after import, raise or lower and print the MLIR", OptStopAfter},
      {"--elide", "", "leave large weights out of printed MLIR", OptElide},
      {"--report", "FILE",
       "write a JSON report: time and peak memory of each\n"
       "phase, what was recognised and what stayed general;\n"
       "with .html a picture of a search, and of cortex-m7's\n"
       "memory plan (repeatable)",
       OptReport},
      {"", "", "MODEL"},
      {"--shape", "NAME=SIZES",
       "fix an input's sizes, as in ids=1x128; ? leaves a size\n"
       "open (repeatable)",
       OptShape},
      {"", "", "COMPRESSION"},
      {"--compress", "[=PASSES]",
       "make the model smaller, as in 'low-rank{energy=0.98}';\n"
       "docs/compression.md lists the passes. Without them they\n"
       "are searched, by --budget",
       OptCompress},
      {"--budget", "LIMITS",
       "what the model may take, as in params=50%, flops=60%,\n"
       "latency=0.5x, latency=2ms, flash=64K, sram=24K,\n"
       "accuracy-drop=1%, metric-drop=0.2, with commas between;\n"
       "with --quantize, nodes stay in f32 for accuracy-drop",
       OptBudget},
      {"--evaluate", "FILE",
       "an .npz of inputs, as --calibration, and labels: what\n"
       "candidates, or nodes of --quantize alone in int8, are\n"
       "measured with",
       OptEvaluate},
      {"--metric", "NAME",
       "top1 (the default), perplexity, mse or cosine; the latter\n"
       "two to what the original model gives",
       OptMetric},
      {"--metric-command", "COMMAND",
       "measure with a command of the shell, whose last line is\n"
       "the number: {library} in it is the compiled candidate,\n"
       "{outputs} an .npz of what it gives for --evaluate",
       OptMetricCommand},
      {"--metric-lower-is-better", "",
       "lower numbers of --metric-command are better", OptMetricLower},
      {"--metric-timeout", "TIME",
       "how long --metric-command may take, as in 90s or 5m;\n"
       "10m without it",
       OptMetricTimeout},
      {"--search-candidates", "N", "most candidates to measure; 200 without it",
       OptSearchCandidates},
      {"--search-time", "TIME",
       "measure no more after that time, as in 90s, 10m or 2h,\n"
       "and take the best there is",
       OptSearchTime},
      {"--resume", "FILE",
       "keep what was measured in FILE, and take what is there", OptResume},
      {"--save-recipe", "FILE",
       "write the passes, and the nodes of --quantize that stay in\n"
       "f32, for --recipe",
       OptSaveRecipe},
      {"--recipe", "FILE",
       "compress, and keep nodes in f32, as the file says, which\n"
       "--save-recipe wrote for this model",
       OptRecipe},
      {"--no-fit", "",
       "leave weights as the passes of --compress give them; without\n"
       "it, layers are fitted to the original model's outputs where\n"
       "there is calibration data",
       OptNoFit},
      {"--quantize", "",
       "compute an f32 model in int8, with scales from calls of\n"
       "it with the inputs of --calibration",
       OptQuantize},
      {"--calibration", "FILE",
       "an .npz of inputs by name: one sample each, or many\n"
       "along a dimension in front; for both of these",
       OptCalibration},
      {"--calibration-ranges", "HOW",
       "minmax (the default), percentile, percentile=99.9 (of\n"
       "all elements; 99.99 without a number) or mse",
       OptRanges},
      {"--correct-biases", "",
       "with --quantize, let biases of linear layers take up what\n"
       "rounding their weights changes on average",
       OptCorrectBiases},
      {"--quantize-keep", "NODES",
       "with --quantize, the nodes that stay in f32, with commas\n"
       "between (repeatable)",
       OptQuantizeKeep},
      {"", "", "CODE"},
      {"--target", "NAME", "x86-64 (the default), cuda or cortex-m7",
       OptTarget},
      {"-mcpu", "CPU",
       "native (the default) or an LLVM name: x86-64-v3,\n"
       "haswell, skylake-avx512, znver4, ...; for cuda the least\n"
       "GPU: sm_80 (the default), sm_86, sm_90, ...",
       OptCpu},
      {"--matmul", "TYPE",
       "for cuda, how matrices of f32 are multiplied: f32 (the\n"
       "default), or faster and rounded to tf32 or f16 before;\n"
       "sums are f32",
       OptMatmul},
      {"--padding-free", "",
       "compute batches of padded sequences without their\n"
       "padding, by the input that masks it; results are zero\n"
       "there (docs/padding.md)",
       OptPaddingFree},
      {"--weights", "TYPE",
       "round linear layers' weights to f16 or bf16, which take\n"
       "half the memory, and compute in f32 (the default keeps\n"
       "f32): faster where rows are few (docs/numerics.md)",
       OptWeights},
      {"--cache-capacity", "TOKENS",
       "an input of keys or values and the output that is the\n"
       "same with new tokens behind are one buffer of the\n"
       "caller's, with room for so many tokens, and nothing is\n"
       "copied (docs/abi.md); past.N.key with present.N.key",
       OptCacheCapacity},
      {"--cache", "INPUT=OUTPUT",
       "the same for these; once for each pair, where the names\n"
       "do not tell",
       OptCache},
      {"--profile", "",
       "prepare for tfc-run --profile, which prints where the\n"
       "time goes; on a Cortex-M7, call PREFIX_profile, which you\n"
       "write, where each node begins",
       OptProfile},
      {"-O0", "", "", OptO0},
      {"-O1", "", "", OptO1},
      {"-O2", "", "", OptO2},
      {"-O3", "", "", OptO3},
      {"-O<0..3>", "",
       "how hard LLVM optimises; 2 is the default, and from it on\n"
       "heads and channels without a weight are taken out"},
      {"", "", "CORTEX-M7"},
      {"--prefix", "NAME",
       "what the names in the header start with; the output's\n"
       "name without it",
       OptPrefix},
      {"--float-abi", "ABI", "hard (the default) or soft", OptFloatAbi},
      {"--sram", "BYTES",
       "compute wide layers by tiles until arena, stack, inputs\n"
       "and outputs fit, as in 320K, or fail and say what would\n"
       "make the model smaller",
       OptSram},
      {"--flash", "BYTES", "fail where code and constants need more, as in 1M",
       OptFlash},
      {"--allow-float", "[=OPERATORS]",
       "compute in f32 what a quantised model has no integer\n"
       "form for; with OPERATORS, as in Softmax,Gelu, only what\n"
       "comes from those",
       OptAllowFloat},
      {"--plain-memory", "",
       "leave out what makes the arena smaller, to compare", OptPlainMemory},
      {"--input-stream", "[=NAME]",
       "the caller delivers the input by rows, as a camera\n"
       "does; NAME where there are more inputs",
       OptInputStream},
      {"", "", "GENERAL"},
      {"-v", "", "print each phase's time and peak memory", OptVerbose},
      {"--color", "WHEN", "auto (the default), always or never", OptColor},
      {"--version", "", "print versions", OptVersion},
      {"--help", "", "print this text", OptHelp},
      {"-h", "", "", OptHelp},
  };
  return table;
}

std::string helpText() {
  return "tfc compiles a transformer in an ONNX file to native code.\n\n"
         "USAGE: tfc [options] MODEL.onnx\n\n"
         "EXAMPLES:\n"
         "  tfc bert.onnx -o bert.so            compile for this machine\n"
         "  tfc bert.onnx -mcpu=x86-64-v3       for any CPU with AVX2\n"
         "  tfc bert.onnx --shape input_ids=1x128 --shape "
         "attention_mask=1x128\n"
         "  tfc bert.onnx --target=cuda         for NVIDIA GPUs, sm_80 and "
         "newer\n"
         "  tfc vit.onnx --target=cortex-m7 -o vit.o  an object and its "
         "header\n"
         "  tfc vit.onnx --quantize --calibration=images.npz  int8 from "
         "f32\n"
         "  tfc bert.onnx --emit=attn --elide   what the compiler "
         "recognised\n" +
         formatOptions(optionTable()) + "\n" + exitCodeHelp;
}

/// What a command line asks for besides compiling.
struct Parsed {
  explicit Parsed(const TargetRegistry &targets) : targets(targets) {}

  const TargetRegistry &targets;
  CompileOptions options;
  bool help = false, version = false;
  std::string color = "auto";
  std::string error;
  bool emitGiven = false;
  std::string rangesOption;
  /// --compress without passes.
  bool searches = false;
  /// An option of what --metric-command does.
  std::string commandOption, searchTimeOption;
  /// Whether a report is a picture.
  bool draws = false;
  /// An option of one target alone.
  std::string x86Option, cudaOption, m7Option;
  /// One of those that have CPUs to choose from.
  std::string cpuOption;
};

/// `word` as one of `words`; otherwise sets `error` and suggests.
bool chooseWord(llvm::StringRef option, llvm::StringRef word,
                const std::vector<std::string_view> &words,
                std::string &error) {
  for (std::string_view known : words)
    if (word == llvm::StringRef(known))
      return true;
  error = ("unknown value '" + word + "' of " + option).str();
  std::string_view near =
      nearestSpelling(std::string_view(word.data(), word.size()), words);
  if (!near.empty()) {
    error += "; did you mean '" + std::string(near) + "'?";
    return false;
  }
  error += "; it can be ";
  for (size_t i = 0; i < words.size(); ++i)
    error += (i ? i + 1 == words.size() ? " or " : ", " : "") +
             std::string(words[i]);
  return false;
}

/// In the order of EmitKind: what --emit takes, and what messages call it.
struct EmitForm {
  std::string_view word, description;
};
constexpr EmitForm emitForms[] = {
    {"onnx", "onnx dialect"}, {"onnx-model", "ONNX file"},
    {"attn", "attn dialect"}, {"linalg", "linalg"},
    {"llvm", "LLVM IR"},      {"asm", "assembly"},
    {"ptx", "PTX"},           {"obj", "object"},
    {"so", "shared library"}};

const EmitForm &formOf(EmitKind kind) {
  return emitForms[static_cast<size_t>(kind)];
}

void setEmit(Parsed &parsed, llvm::StringRef value) {
  std::vector<std::string_view> words;
  for (const EmitForm &form : emitForms)
    words.push_back(form.word);
  if (!chooseWord("--emit", value, words, parsed.error))
    return;
  parsed.options.emit = static_cast<EmitKind>(
      llvm::find(words, std::string_view(value)) - words.begin());
  parsed.emitGiven = true;
}

/// Bytes, or KiB and MiB with K and M.
void setBytes(Parsed &parsed, const ParsedOption &option, uint64_t &bytes) {
  llvm::StringRef text = option.value;
  unsigned shift = text.consume_back("K")   ? 10
                   : text.consume_back("M") ? 20
                                            : 0;
  if (text.getAsInteger(10, bytes) || bytes == 0 || bytes >> 40)
    parsed.error = option.spelling +
                   " takes a number of bytes, as 320K or 1M, " + "not '" +
                   option.value + "'";
  bytes <<= shift;
}

/// A number of seconds, minutes or hours.
void setSeconds(Parsed &parsed, const ParsedOption &option, double &seconds) {
  llvm::StringRef text = option.value;
  double unit = text.consume_back("s")   ? 1
                : text.consume_back("m") ? 60
                : text.consume_back("h") ? 3600
                                         : 0;
  if (unit == 0 || text.getAsDouble(seconds) || !(seconds > 0) || seconds > 1e6)
    parsed.error = option.spelling + " takes a time, as 90s, 10m or 2h, not '" +
                   option.value + "'";
  seconds *= unit;
}

void setPrefix(Parsed &parsed, llvm::StringRef value) {
  bool good =
      !value.empty() && llvm::isAlpha(value[0]) &&
      llvm::all_of(value, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  if (!good)
    parsed.error = ("--prefix takes a C identifier that starts with a letter, "
                    "not '" +
                    value + "'")
                       .str();
  parsed.options.prefix = value.str();
}

/// Without a list, whatever it is may be computed in f32.
void setAllowFloat(Parsed &parsed, const ParsedOption &option) {
  CompileOptions &options = parsed.options;
  bool wasForAll = options.allowFloat && options.floatOperators.empty();
  options.allowFloat = true;
  if (!option.hasValue || wasForAll) {
    options.floatOperators.clear();
    return;
  }
  llvm::SmallVector<llvm::StringRef> names;
  llvm::StringRef(option.value).split(names, ',');
  for (llvm::StringRef name : names) {
    if (name.trim().empty())
      parsed.error = option.spelling +
                     " takes names of operators, as in "
                     "Softmax,Gelu, not '" +
                     option.value + "'";
    options.floatOperators.push_back(name.trim().str());
  }
}

/// Sets what one target alone has.
void applyCortexM7(Parsed &parsed, const ParsedOption &option) {
  CompileOptions &options = parsed.options;
  parsed.m7Option = option.spelling;
  switch (option.id) {
  case OptPrefix:
    return setPrefix(parsed, option.value);
  case OptFloatAbi:
    chooseWord("--float-abi", option.value, {"hard", "soft"}, parsed.error);
    options.hardFloat = option.value == "hard";
    return;
  case OptSram:
    return setBytes(parsed, option, options.sram);
  case OptFlash:
    return setBytes(parsed, option, options.flash);
  case OptInputStream:
    options.streamedInput = option.value;
    return;
  case OptPlainMemory:
    options.savesMemory = false;
    return;
  default:
    return setAllowFloat(parsed, option);
  }
}

/// What the target makes of the other options.
void settleTarget(Parsed &parsed) {
  CompileOptions &options = parsed.options;
  if (parsed.draws && !parsed.searches)
    parsed.m7Option = "--report=FILE.html";
  for (auto [option, target] : {std::pair(&parsed.x86Option, "x86-64"),
                                std::pair(&parsed.cudaOption, "cuda"),
                                std::pair(&parsed.m7Option, "cortex-m7")})
    if (!option->empty() && options.target != target && parsed.error.empty())
      parsed.error = *option + " is an option of --target=" + target + " only";
  if (!parsed.cpuOption.empty() && options.target == "cortex-m7" &&
      parsed.error.empty())
    parsed.error = parsed.cpuOption +
                   " is an option of --target=x86-64 and --target=cuda only";
  if (!options.caches.empty() && options.cacheCapacity == 0 &&
      parsed.error.empty())
    parsed.error = "--cache needs --cache-capacity";
  if (options.profile && options.target == "cuda" && parsed.error.empty())
    parsed.error = "--profile is an option of --target=x86-64 and "
                   "--target=cortex-m7 only";
  if (!parsed.error.empty())
    return;
  const TargetRegistry::Entry *target = parsed.targets.find(options.target);
  if (!parsed.emitGiven)
    options.emit = target->kinds.front();
  else if (options.emit >= EmitKind::LLVMIR && !target->writes(options.emit))
    parsed.error =
        "the " + options.target + " target makes no " +
        std::string(formOf(options.emit).description) +
        "; use --emit=" + std::string(formOf(target->kinds.front()).word);
}

void setRanges(Parsed &parsed, const ParsedOption &option) {
  parsed.rangesOption = option.spelling;
  RangeChoice &ranges = parsed.options.ranges;
  llvm::StringRef value = option.value;
  if (value.consume_front("percentile=")) {
    ranges.method = RangeMethod::Percentile;
    if (value.getAsDouble(ranges.percentile) ||
        !(ranges.percentile > 0 && ranges.percentile <= 100))
      parsed.error = ("a percentile is a number above 0 and up to 100, not '" +
                      value + "'")
                         .str();
    return;
  }
  chooseWord(option.spelling, value, {"minmax", "percentile", "mse"},
             parsed.error);
  ranges.method = value == "percentile" ? RangeMethod::Percentile
                  : value == "mse"      ? RangeMethod::LeastError
                                        : RangeMethod::MinMax;
}

/// Quantisation needs data, and data something that it is for.
void settleQuantisation(Parsed &parsed) {
  const CompileOptions &options = parsed.options;
  bool hasData = !options.calibrationFile.empty();
  if (options.quantize && !hasData)
    parsed.error = "--quantize needs inputs: --calibration=FILE.npz";
  else if (!options.quantize && hasData && options.compression.empty() &&
           !parsed.searches && options.recipe.empty())
    parsed.error =
        "--calibration is an option of --quantize and --compress only";
  else if (!options.quantize && !parsed.rangesOption.empty())
    parsed.error = parsed.rangesOption + " is an option of --quantize only";
  else if (!options.quantize && options.correctBiases)
    parsed.error = "--correct-biases is an option of --quantize only";
  else if (!options.quantize && !options.quantizeKeep.empty())
    parsed.error = "--quantize-keep is an option of --quantize only";
}

/// Without a search, data to evaluate with is for quantisation.
void settleSensitivity(Parsed &parsed) {
  CompileOptions &options = parsed.options;
  options.measuresSensitivity = !options.evaluationFile.empty();
  if (!options.searchCache.empty())
    parsed.error = "--resume is an option of --compress without passes";
  else if (!options.metric.empty() && !options.measuresSensitivity)
    parsed.error = "--metric needs --evaluate";
  if (options.budget.empty())
    return;
  llvm::Expected<Budget> budget = Budget::parse(options.budget);
  if (!budget)
    parsed.error = llvm::toString(budget.takeError());
  else if (budget->limitsSize() || !budget->drop)
    parsed.error = "--budget of --quantize takes accuracy-drop only; other "
                   "limits are of --compress without passes";
  else if (options.evaluationFile.empty())
    parsed.error = "--budget of --quantize needs --evaluate";
  else
    options.quantizationDrop = budget->drop;
  options.budget.clear();
}

void settleBudget(Parsed &parsed) {
  const CompileOptions &options = parsed.options;
  bool isM7 = options.target == "cortex-m7";
  llvm::Expected<Budget> budget = Budget::parse(options.budget);
  if (!budget)
    parsed.error = llvm::toString(budget.takeError());
  else if (!budget->limitsSize() && !budget->drop)
    parsed.error = "--budget says nothing";
  else if (budget->limitsDevice() && !isM7)
    parsed.error = "--budget: flash and sram are of --target=cortex-m7";
  else if (budget->limitsLatency() && isM7)
    parsed.error = "--budget: latency is measured on this machine, so not for "
                   "--target=cortex-m7; flops counts what a call computes";
  else if (budget->limitsLatency() && options.quantize)
    parsed.error = "--budget: latency is of candidates in f32, so not with "
                   "--quantize";
}

/// What a search wants to know, and what is of no use without one.
void settleSearch(Parsed &parsed) {
  const CompileOptions &options = parsed.options;
  if (options.metricCommand.empty() && !parsed.commandOption.empty()) {
    parsed.error =
        parsed.commandOption + " is an option of --metric-command only";
    return;
  }
  if (!parsed.searches && options.quantize)
    return settleSensitivity(parsed);
  if (!parsed.searches) {
    if (!options.searchCache.empty())
      parsed.error = "--resume is an option of --compress without passes";
    for (auto [value, name] : {std::pair<const std::string &, const char *>{
                                   options.budget, "--budget"},
                               {options.evaluationFile, "--evaluate"},
                               {options.metric, "--metric"},
                               {options.metricCommand, "--metric-command"},
                               {parsed.searchTimeOption, "--search-time"}})
      if (!value.empty())
        parsed.error = std::string(name) + " is an option of --compress "
                                           "without passes and of --quantize";
    return;
  }
  MetricCommand command(options.metricCommand, options.metricSeconds);
  // A command that calls the library has inputs of its own.
  bool needsData = options.metricCommand.empty() || command.readsOutputs();
  if (options.budget.empty() || options.calibrationFile.empty() ||
      (needsData && options.evaluationFile.empty())) {
    parsed.error = "--compress without passes searches them: it needs "
                   "--budget, --calibration and --evaluate";
    return;
  }
  if (!options.metricCommand.empty() && !options.metric.empty())
    parsed.error = "--metric-command takes the place of --metric";
  else if (!options.metricCommand.empty() && !command.readsLibrary() &&
           !command.readsOutputs())
    parsed.error = "--metric-command has neither {library} nor {outputs}: it "
                   "would not see what it measures";
  else
    settleBudget(parsed);
}

/// Before anything is read.
void settleCompression(Parsed &parsed) {
  const CompileOptions &options = parsed.options;
  settleSearch(parsed);
  if (!options.recipe.empty() &&
      (parsed.searches || !options.compression.empty()))
    parsed.error = "--recipe takes the place of --compress";
  if (!options.recipe.empty() && !options.quantizeKeep.empty())
    parsed.error = "--recipe takes the place of --quantize-keep";
  if (!options.recipeOutput.empty() && !parsed.searches &&
      options.compression.empty() && !options.quantize)
    parsed.error =
        "--save-recipe is an option of --compress and --quantize only";
  if (options.compression.empty())
    return;
  if (llvm::Error error = checkCompression(options.compression))
    parsed.error = llvm::toString(std::move(error));
}

/// An ONNX file is written under a name that is given.
void settleModel(Parsed &parsed) {
  const CompileOptions &options = parsed.options;
  bool isModel = options.emit == EmitKind::OnnxModel &&
                 (!options.stopAfter || *options.stopAfter == Phase::Emit);
  if (options.externalData && !isModel)
    parsed.error = "--external-data is an option of --emit=onnx-model only";
  else if (isModel && (options.output.empty() || options.output == "-"))
    parsed.error = "--emit=onnx-model writes a file; name it with -o";
}

void setStopAfter(Parsed &parsed, llvm::StringRef value) {
  if (!chooseWord("--stop-after", value, {"import", "raise", "lower", "emit"},
                  parsed.error))
    return;
  for (Phase phase : {Phase::Import, Phase::Raise, Phase::Lower, Phase::Emit})
    if (value == phaseName(phase))
      parsed.options.stopAfter = phase;
}

void setShape(Parsed &parsed, llvm::StringRef value) {
  std::string name;
  std::vector<long long> sizes;
  parsed.error = parseNamedShape(std::string_view(value.data(), value.size()),
                                 name, sizes);
  if (!parsed.error.empty())
    parsed.error = "--shape: " + parsed.error;
  else if (!parsed.options.inputShapes
                .try_emplace(name, sizes.begin(), sizes.end())
                .second)
    parsed.error = "--shape: input '" + name + "' is given twice";
}

void apply(Parsed &parsed, const ParsedOption &option) {
  CompileOptions &options = parsed.options;
  switch (option.id) {
  case OptOutput:
    options.output = option.value;
    break;
  case OptTarget: {
    std::vector<std::string_view> names;
    for (const TargetRegistry::Entry &target : parsed.targets.entries())
      names.push_back(target.name);
    chooseWord("--target", option.value, names, parsed.error);
    options.target = option.value;
    break;
  }
  case OptPrefix:
  case OptFloatAbi:
  case OptSram:
  case OptFlash:
  case OptAllowFloat:
  case OptPlainMemory:
  case OptInputStream:
    applyCortexM7(parsed, option);
    break;
  case OptProfile:
    options.profile = true;
    break;
  case OptCpu:
    options.cpu = option.value;
    parsed.cpuOption = option.spelling;
    break;
  case OptMatmul:
    chooseWord("--matmul", option.value, {"f32", "tf32", "f16"}, parsed.error);
    options.matmul = option.value;
    parsed.cudaOption = option.spelling;
    break;
  case OptPaddingFree:
    options.paddingFree = true;
    break;
  case OptWeights:
    chooseWord("--weights", option.value, {"f32", "f16", "bf16"}, parsed.error);
    options.weights = option.value;
    break;
  case OptCacheCapacity:
    if (llvm::StringRef(option.value).getAsInteger(10, options.cacheCapacity) ||
        options.cacheCapacity < 1)
      parsed.error = "--cache-capacity takes a number of tokens, not '" +
                     option.value + "'";
    break;
  case OptCache:
    if (option.value.find('=') == std::string::npos)
      parsed.error = "--cache takes INPUT=OUTPUT, not '" + option.value + "'";
    options.caches.push_back(option.value);
    break;
  case OptO0:
    options.optLevel = 0;
    break;
  case OptO1:
    options.optLevel = 1;
    break;
  case OptO2:
    options.optLevel = 2;
    break;
  case OptO3:
    options.optLevel = 3;
    break;
  case OptEmit:
    setEmit(parsed, option.value);
    break;
  case OptExternalData:
    options.externalData = true;
    break;
  case OptStopAfter:
    setStopAfter(parsed, option.value);
    break;
  case OptShape:
    setShape(parsed, option.value);
    break;
  case OptCompress:
    options.compression = option.value;
    parsed.searches = !option.hasValue;
    if (option.hasValue && option.value.empty())
      parsed.error = "--compress takes passes, as in 'low-rank{energy=0.98}'";
    break;
  case OptBudget:
    options.budget = option.value;
    break;
  case OptEvaluate:
    options.evaluationFile = option.value;
    break;
  case OptMetric:
    options.metric = option.value;
    if (!Evaluation::metricOf(option.value))
      parsed.error = "--metric takes top1, perplexity, mse or cosine, not '" +
                     option.value + "'";
    break;
  case OptMetricCommand:
    options.metricCommand = option.value;
    break;
  case OptMetricLower:
    options.isLowerMetricBetter = true;
    parsed.commandOption = option.spelling;
    break;
  case OptMetricTimeout:
    setSeconds(parsed, option, options.metricSeconds);
    parsed.commandOption = option.spelling;
    break;
  case OptSearchTime:
    setSeconds(parsed, option, options.searchSeconds);
    parsed.searchTimeOption = option.spelling;
    break;
  case OptSearchCandidates:
    if (llvm::StringRef(option.value)
            .getAsInteger(10, options.searchCandidates) ||
        options.searchCandidates == 0)
      parsed.error = "--search-candidates takes a number from 1, not '" +
                     option.value + "'";
    break;
  case OptResume:
    options.searchCache = option.value;
    break;
  case OptSaveRecipe:
    options.recipeOutput = option.value;
    break;
  case OptRecipe:
    options.recipe = option.value;
    break;
  case OptNoFit:
    options.fitLayers = false;
    break;
  case OptQuantize:
    options.quantize = true;
    break;
  case OptCalibration:
    options.calibrationFile = option.value;
    break;
  case OptRanges:
    setRanges(parsed, option);
    break;
  case OptCorrectBiases:
    options.correctBiases = true;
    break;
  case OptQuantizeKeep:
    for (llvm::StringRef name : llvm::split(option.value, ','))
      options.quantizeKeep.push_back(name.trim().str());
    if (llvm::is_contained(options.quantizeKeep, ""))
      parsed.error =
          "--quantize-keep takes names of nodes, not '" + option.value + "'";
    break;
  case OptReport:
    parsed.draws |= isPicture(option.value);
    options.reportFiles.push_back(option.value);
    break;
  case OptVerbose:
    options.verbose = true;
    break;
  case OptElide:
    options.elideWeights = true;
    break;
  case OptHelp:
    parsed.help = true;
    break;
  case OptVersion:
    parsed.version = true;
    break;
  case OptColor:
    if (chooseWord("--color", option.value, {"auto", "always", "never"},
                   parsed.error))
      parsed.color = option.value;
    break;
  default:
    parsed.error = "unknown option '" + option.spelling + "'";
    break;
  }
}

Parsed parse(const std::vector<std::string> &arguments,
             const TargetRegistry &targets) {
  Parsed parsed(targets);
  ParsedCommandLine line = parseCommandLine(optionTable(), arguments);
  parsed.error = line.error;
  for (const ParsedOption &option : line.options)
    if (parsed.error.empty())
      apply(parsed, option);
  if (!parsed.error.empty() || parsed.help || parsed.version)
    return parsed;
  settleTarget(parsed);
  if (parsed.error.empty())
    settleQuantisation(parsed);
  if (parsed.error.empty())
    settleCompression(parsed);
  if (!parsed.error.empty())
    return parsed;
  settleModel(parsed);
  if (!parsed.error.empty())
    return parsed;
  CompileOptions &options = parsed.options;
  bool binary = !options.stopAfter || *options.stopAfter == Phase::Emit;
  binary &= options.emit == EmitKind::Object ||
            options.emit == EmitKind::SharedLibrary;
  if (line.positionals.empty())
    parsed.error = "no model was given; see tfc --help";
  else if (line.positionals.size() > 1)
    parsed.error = "one model at a time: got '" + line.positionals[0] +
                   "' and '" + line.positionals[1] + "'";
  else if (line.positionals[0] == "-")
    parsed.error = "the model cannot be read from standard input; give a file";
  else if (binary && options.output == "-")
    parsed.error =
        "-o - prints text; use --emit=llvm or --emit=asm, or give a file";
  else
    options.input = line.positionals[0];
  return parsed;
}

} // namespace

std::string tfc::versionText() {
  return "tfc " TFC_VERSION "\nLLVM " LLVM_VERSION_STRING
         "\nONNX " TFC_ONNX_VERSION "\n";
}

llvm::Expected<CompileOptions>
tfc::parseCompileOptions(const std::vector<std::string> &arguments) {
  Parsed parsed = parse(arguments, TargetRegistry());
  if (parsed.error.empty() && (parsed.help || parsed.version))
    parsed.error = "--help and --version compile nothing";
  if (!parsed.error.empty())
    return llvm::createStringError(parsed.error);
  return std::move(parsed.options);
}

ExitCode tfc::runTfc(const std::vector<std::string> &arguments,
                     llvm::raw_ostream &out, llvm::raw_ostream &err,
                     const TargetRegistry &targets) {
  Parsed parsed = parse(arguments, targets);
  if (!parsed.error.empty()) {
    err << "tfc: error: " << parsed.error << "\n";
    return ExitUsage;
  }
  if (parsed.help || parsed.version) {
    out << (parsed.help ? helpText() : versionText());
    return ExitSuccess;
  }
  const char *noColor = std::getenv("NO_COLOR");
  bool terminal = err.is_displayed();
  parsed.options.color =
      parsed.color == "always" ||
      (parsed.color == "auto" && terminal && !(noColor && *noColor));
  parsed.options.progress = terminal && !parsed.options.verbose;
  // Handlers of signals belong to the process, so to the tool.
  llvm::CrashRecoveryContext::Enable();
  return compile(parsed.options, out, err, targets);
}
