// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-prune-tables),canonicalize)' | FileCheck %s

#row = affine_map<(d0, d1) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>

// Rows 2 and 3 of 5, one of which is counted from the end.
// CHECK-LABEL: @constant
// CHECK-SAME: tfc.compression = [{of = 5 : i64, pass = "prune-tables", rows = 2 : i64, site = "lookup"}]
// CHECK: arith.constant dense<{{\[\[}}4.000000e+00, 5.000000e+00], [6.000000e+00, 7.000000e+00]]> : tensor<2x2xf32>
// CHECK: %[[FIRST:.*]] = arith.subi %{{.*}}, %c2
// CHECK: tensor.extract %{{.*}}[%[[FIRST]], %{{.*}}] : tensor<2x2xf32>
func.func @constant() -> tensor<3x2xf32> {
  %table = arith.constant dense<[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]> : tensor<5x2xf32>
  %ids = arith.constant dense<[2, -2, 2]> : tensor<3xi64>
  %c0 = arith.constant 0 : index
  %c5 = arith.constant 5 : index
  %e = tensor.empty() : tensor<3x2xf32>
  %y = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<3xi64>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%id: i64, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %n = arith.cmpi slt, %i, %c0 : index
    %w = arith.addi %i, %c5 : index
    %r = arith.select %n, %w, %i : index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%r, %j] : tensor<5x2xf32>
    linalg.yield %v : f32
  } -> tensor<3x2xf32> loc("lookup")
  return %y : tensor<3x2xf32>
}

// Numbers that are counted: 1 to 3 of 5. The columns are all read.
// CHECK-LABEL: @counted
// CHECK-SAME: rows = 3 : i64
// CHECK: tensor<3x2xf32>
func.func @counted() -> tensor<3x2xf32> {
  %table = arith.constant dense<[[0.5, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]> : tensor<5x2xf32>
  %c1 = arith.constant 1 : i64
  %ie = tensor.empty() : tensor<3xi64>
  %e = tensor.empty() : tensor<3x2xf32>
  %ids = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%ie : tensor<3xi64>) {
  ^bb0(%o: i64):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i64
    %r = arith.addi %n, %c1 : i64
    linalg.yield %r : i64
  } -> tensor<3xi64>
  %y = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<3xi64>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%id: i64, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<5x2xf32>
    linalg.yield %v : f32
  } -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK-LABEL: @slice
// CHECK-SAME: of = 3 : i64, pass = "prune-tables", rows = 2 : i64
// CHECK: %[[PART:.*]] = arith.constant dense<{{\[\[}}3.000000e+00], [5.000000e+00]]> : tensor<2x1xf32>
// CHECK: return %[[PART]]
func.func @slice() -> tensor<2x1xf32> {
  %table = arith.constant dense<[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]> : tensor<3x2xf32>
  %y = tensor.extract_slice %table[1, 1] [2, 1] [1, 1] : tensor<3x2xf32> to tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

// Indices that are an argument; a table that is read elsewhere too; an index that is none.
// CHECK-LABEL: @alone
// CHECK-NOT: prune-tables
// CHECK: return
func.func @alone(%ids: tensor<3xi64>) -> (tensor<3x2xf32>, tensor<1x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>) {
  %table = arith.constant dense<[[1.0, 1.0], [2.0, 3.0], [4.0, 5.0]]> : tensor<3x2xf32>
  %both = arith.constant dense<[[2.0, 1.0], [2.0, 3.0], [4.0, 5.0]]> : tensor<3x2xf32>
  %few = arith.constant dense<[[3.0, 1.0], [2.0, 3.0], [4.0, 5.0]]> : tensor<3x2xf32>
  %far = arith.constant dense<[0, 3, 0]> : tensor<3xi64>
  %e = tensor.empty() : tensor<3x2xf32>
  %y = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<3xi64>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%id: i64, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<3x2xf32>
    linalg.yield %v : f32
  } -> tensor<3x2xf32>
  %s = tensor.extract_slice %both[0, 0] [1, 2] [1, 1] : tensor<3x2xf32> to tensor<1x2xf32>
  %z = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]} ins(%far : tensor<3xi64>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%id: i64, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %few[%i, %j] : tensor<3x2xf32>
    linalg.yield %v : f32
  } -> tensor<3x2xf32>
  return %y, %s, %both, %z : tensor<3x2xf32>, tensor<1x2xf32>, tensor<3x2xf32>, tensor<3x2xf32>
}
