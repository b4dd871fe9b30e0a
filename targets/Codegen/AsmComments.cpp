//===- AsmComments.cpp - printed assembly that names nodes ------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Target/Codegen/AsmComments.h"
#include "tfc/Target/Codegen/NodeOrigins.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/RuntimeLibcallInfo.h"
#include "llvm/CodeGen/AsmPrinter.h"
#include "llvm/CodeGen/AsmPrinterHandler.h"
#include "llvm/CodeGen/MachineBasicBlock.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineInstr.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/MCStreamer.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace tfc::codegen;

namespace {

/// Most nodes that are named together where their instructions are mixed.
constexpr size_t maxMixed = 4;

/// "/MatMul (MatMul)" for each node.
std::vector<std::string> describeNodes(ModuleOp module, Location location) {
  auto known = module->getAttrOfType<DictionaryAttr>("tfc.operators");
  std::vector<std::string> nodes;
  for (StringRef name : nodeNames(location)) {
    auto operators = known ? known.getAs<ArrayAttr>(name) : ArrayAttr();
    // Weights have names as well.
    if (known && !operators)
      continue;
    std::string node;
    for (char c : name)
      node += llvm::isPrint(c) ? c : '?';
    auto textOf = [](StringAttr text) { return text.getValue(); };
    if (operators)
      node += " (" +
              llvm::join(
                  llvm::map_range(operators.getAsRange<StringAttr>(), textOf),
                  ", ") +
              ")";
    nodes.push_back(node);
  }
  return nodes;
}

/// Writes comments where the nodes change.
class CommentWriter : public llvm::AsmPrinterHandler {
public:
  CommentWriter(llvm::AsmPrinter &printer, const AsmComments &comments)
      : printer(printer), comments(comments) {}

  void beginFunction(const llvm::MachineFunction *function) override {
    block = nullptr;
    last.clear();
    auto comment = comments.functions.find(function->getName());
    if (comment != comments.functions.end())
      printer.OutStreamer->emitRawComment(" " + comment->second);
  }

  void beginInstruction(const llvm::MachineInstr *instruction) override {
    if (block != instruction->getParent()) {
      block = instruction->getParent();
      prepare();
    }
    auto found = texts.find(instruction);
    if (found == texts.end() || found->second == last)
      return;
    last = found->second;
    printer.OutStreamer->emitRawComment(" " + last);
  }

  void endFunction(const llvm::MachineFunction *) override {}
  void endModule() override {}

private:
  /// Instructions of one line that follow one another.
  struct Run {
    const llvm::MachineInstr *first;
    unsigned line;
  };

  unsigned lineOf(const llvm::MachineInstr &instruction) {
    // What was inlined belongs to the call.
    const llvm::DILocation *at = instruction.getDebugLoc();
    while (at && at->getInlinedAt())
      at = at->getInlinedAt();
    if (!at || at->getLine() > comments.lines.size() ||
        instruction.isMetaInstruction())
      return 0;
    return at->getLine();
  }

  std::string textOf(ArrayRef<unsigned> lines) {
    llvm::SetVector<StringRef> nodes;
    for (unsigned line : lines)
      for (const std::string &node : comments.lines[line - 1])
        nodes.insert(node);
    return (nodes.size() > 1 ? "nodes: " : "node: ") + llvm::join(nodes, ", ");
  }

  /// Decides which instructions of the block get a comment: nodes whose
  /// instructions the scheduler has mixed are named together.
  void prepare() {
    texts.clear();
    SmallVector<Run> runs;
    for (const llvm::MachineInstr &instruction : *block)
      if (unsigned line = lineOf(instruction))
        if (runs.empty() || runs.back().line != line)
          runs.push_back({&instruction, line});
    llvm::DenseMap<unsigned, size_t> lastRun;
    for (auto [i, run] : llvm::enumerate(runs))
      lastRun[run.line] = i;
    for (size_t begin = 0, end; begin < runs.size(); begin = end) {
      llvm::SetVector<unsigned> lines;
      end = begin + 1;
      for (size_t i = begin; i < end; ++i) {
        lines.insert(runs[i].line);
        end = std::max(end, lastRun[runs[i].line] + 1);
      }
      if (lines.size() <= maxMixed)
        texts[runs[begin].first] = textOf(lines.getArrayRef());
      else
        for (const Run &run : ArrayRef(runs).slice(begin, end - begin))
          texts[run.first] = textOf(run.line);
    }
  }

  llvm::AsmPrinter &printer;
  const AsmComments &comments;
  const llvm::MachineBasicBlock *block = nullptr;
  /// By the instructions of the block before which they stand.
  llvm::DenseMap<const llvm::MachineInstr *, std::string> texts;
  std::string last;
};

} // namespace

FailureOr<AsmComments> tfc::codegen::commentNodes(ModuleOp module) {
  MLIRContext *context = module.getContext();
  AsmComments comments;
  llvm::StringMap<unsigned> lines;
  module.walk([&](LLVM::LLVMFuncOp function) {
    function.getBody().walk([&](Operation *op) {
      std::vector<std::string> nodes = describeNodes(module, op->getLoc());
      if (nodes.empty())
        return op->setLoc(FileLineColLoc::get(context, "nodes", 0, 0));
      auto [at, isNew] =
          lines.insert({llvm::join(nodes, ", "), comments.lines.size() + 1});
      if (isNew)
        comments.lines.push_back(nodes);
      op->setLoc(FileLineColLoc::get(context, "nodes", at->second, 1));
    });
    function->setLoc(FileLineColLoc::get(context, "nodes", 0, 0));
  });
  PassManager pm(context, ModuleOp::getOperationName());
  LLVM::DIScopeForLLVMFuncOpPassOptions options;
  options.emissionKind = LLVM::DIEmissionKind::None;
  pm.addPass(LLVM::createDIScopeForLLVMFuncOpPass(options));
  if (failed(pm.run(module)))
    return failure();
  return comments;
}

LogicalResult tfc::codegen::addCommentedPrinter(llvm::legacy::PassManager &pm,
                                                llvm::TargetMachine &machine,
                                                llvm::raw_pwrite_stream &stream,
                                                const AsmComments &comments) {
  // As TargetMachine::addPassesToEmitFile does it, which keeps its printer.
  auto *info = new llvm::MachineModuleInfoWrapperPass(&machine);
  llvm::TargetPassConfig *passes = machine.createPassConfig(pm);
  pm.add(passes);
  pm.add(info);
  // Without it calls of memcpy become loops.
  const llvm::TargetOptions &options = machine.Options;
  pm.add(new llvm::RuntimeLibraryInfoWrapper(
      machine.getTargetTriple(), options.ExceptionModel, options.FloatABIType,
      options.EABIVersion, options.MCOptions.ABIName, options.VecLib));
  if (passes->addISelPasses())
    return failure();
  passes->addMachinePasses();
  passes->setInitialized();
  auto streamer = machine.createMCStreamer(stream, nullptr,
                                           llvm::CodeGenFileType::AssemblyFile,
                                           info->getMMI().getContext());
  if (!streamer) {
    llvm::consumeError(streamer.takeError());
    return failure();
  }
  llvm::AsmPrinter *printer =
      machine.getTarget().createAsmPrinter(machine, std::move(*streamer));
  if (!printer)
    return failure();
  printer->addAsmPrinterHandler(
      std::make_unique<CommentWriter>(*printer, comments));
  pm.add(printer);
  pm.add(llvm::createFreeMachineFunctionPass());
  return success();
}
