//===- tfc-opt.cpp ---------------------------------------------------*- C++ -*-===//
//
// Part of the tfc project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tfc/Dialect/Attn/Attn.h"
#include "tfc/Dialect/Onnx/Onnx.h"
#include "tfc/Target/X86/X86.h"
#include "tfc/Target/X86/X86Target.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  tfc::x86::registerX86Pipelines();
  tfc::x86::registerX86Interfaces(registry);
  registry.insert<tfc::attn::AttnDialect, tfc::onnx::OnnxDialect, tfc::x86::X86Dialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "tfc pass driver\n", registry));
}
