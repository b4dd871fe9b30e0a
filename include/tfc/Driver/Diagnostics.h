//===- Diagnostics.h - messages as clang prints them ------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TFC_DRIVER_DIAGNOSTICS_H
#define TFC_DRIVER_DIAGNOSTICS_H

#include "tfc/Driver/Driver.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>
#include <string>

namespace tfc {

/// Prints diagnostics as "model.onnx: error: node 'x' (Add, opset 14): ...", or
/// hands them to a consumer.
class DiagnosticPrinter {
public:
  /// `file` stands before diagnostics that have no place of their own.
  DiagnosticPrinter(llvm::raw_ostream &err, std::string file, bool color)
      : err(err), file(std::move(file)), color(color) {}
  /// Hands everything to `consumer` instead of printing it.
  DiagnosticPrinter(DiagnosticConsumer consumer, std::string file)
      : err(llvm::nulls()), file(std::move(file)), color(false),
        consumer(std::move(consumer)) {}

  void error(const llvm::Twine &message) {
    print("error", file, message.str());
  }
  void note(const llvm::Twine &message) { print("note", file, message.str()); }

  /// Prints `diagnostic` and its notes. May be called from several threads.
  void handle(mlir::Diagnostic &diagnostic);

  /// Remembers what ONNX operator each node of `module` is, so that messages
  /// about what became of it can say so.
  void rememberNodes(mlir::ModuleOp module);

  /// How often an error was printed.
  unsigned errors() const { return numErrors; }

  /// Called before anything is printed: clears a progress line.
  void setBeforePrint(std::function<void()> callback) {
    beforePrint = std::move(callback);
  }

private:
  void print(llvm::StringRef severity, llvm::StringRef place,
             llvm::StringRef message);
  /// The file and line of `location`, and "node 'x' (Add, opset 14): ".
  void describe(mlir::Location location, std::string &place,
                std::string &subject) const;

  llvm::raw_ostream &err;
  std::string file;
  bool color;
  unsigned numErrors = 0;
  std::mutex mutex;
  std::function<void()> beforePrint;
  DiagnosticConsumer consumer;
  /// "Add, opset 14" by the node's location.
  llvm::DenseMap<mlir::Location, std::string> nodes;
};

} // namespace tfc

#endif // TFC_DRIVER_DIAGNOSTICS_H
