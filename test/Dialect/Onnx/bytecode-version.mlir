// Bytecode says which version of the dialect it has, which newer tools read and
// older ones refuse.
// RUN: tfc-opt %s --emit-bytecode -o %t.mlirbc
// RUN: tfc-opt %t.mlirbc | FileCheck %s
// RUN: %python %S/../Inputs/set_version.py %t.mlirbc 2 %t.newer.mlirbc
// RUN: not tfc-opt %t.newer.mlirbc 2>&1 | FileCheck %s --check-prefix=NEWER

// Files that hold every operation, from before there were versions and of each
// version, read as what they meant when they were written.
// RUN: tfc-opt %S/Inputs/unversioned.mlirbc | FileCheck %S/Inputs/operations.mlir
// RUN: tfc-opt %S/Inputs/version-1.mlirbc | FileCheck %S/Inputs/operations.mlir

// CHECK: onnx.absent
// NEWER: error: the file has version 2 of the dialect 'onnx', and this tfc reads versions up to 1: it was written by a later release

func.func @f() -> none {
  %0 = onnx.absent
  return %0 : none
}
