// RUN: split-file %s %t

// What reads the heads, and what gives them, loses them: rows of one weight,
// columns of others. Head 1 of three goes.
// RUN: tfc-opt %t/separate.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=o=1}))' | FileCheck %t/separate.mlir
//--- separate.mlir
// CHECK-LABEL: @separate
// CHECK-SAME: attributes {tfc.compression = [{heads = 2 : i64, of = 3 : i64, pass = "attn-prune", site = "o"}]}
// CHECK-DAG: %[[WQ:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00], [4.000000e+00, 6.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: %[[BQ:.*]] = arith.constant dense<[1.000000e+01, 1.200000e+01]> : tensor<2xf32>
// CHECK-DAG: %[[WV:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00, 5.000000e+00, 6.000000e+00], [7.000000e+00, 8.000000e+00, 1.100000e+01, 1.200000e+01]]> : tensor<2x4xf32>
// CHECK-DAG: %[[WO:.*]] = arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00], [9.000000e+00, 1.000000e+01], [1.100000e+01, 1.200000e+01]]> : tensor<4x2xf32>
// CHECK: attn.linear ins(%arg0, %[[WQ]] : tensor<1x5x2xf32>, tensor<2x2xf32>) bias(%[[BQ]] : tensor<2xf32>) outs(%{{.*}} : tensor<1x5x2xf32>)
// CHECK: tensor.expand_shape {{.*}} output_shape [1, 5, 2, 1]
// CHECK: attn.linear {{.*}} transpose_weight
// CHECK: %[[V:.*]] = attn.linear ins(%arg0, %[[WV]] :
// CHECK: tensor.expand_shape %[[V]] {{.*}} output_shape [1, 5, 2, 2]
// Masks of one row for all heads stay, those of each head do not; so does a bias.
// CHECK: attn.attention {{.*}} : tensor<1x2x5x1xf32>, tensor<1x2x5x1xf32>, tensor<1x2x5x2xf32>) bias(%{{.*}} : tensor<1x2x1x5xf32>) mask(%{{.*}} : tensor<1x1x5x5xi1>) outs(%{{.*}} : tensor<1x2x5x2xf32>)
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape {{.*}} : tensor<1x5x2x2xf32> into tensor<1x5x4xf32>
// CHECK: attn.linear ins(%[[FLAT]], %[[WO]] :
// What other operations share keeps its size.
// CHECK: linalg.exp ins(%{{.*}} : tensor<1x5x3xf32>) outs(%{{.*}} : tensor<1x5x3xf32>)
func.func @separate(%x: tensor<1x5x2xf32>, %z: tensor<1x5x3xf32>, %mask: tensor<1x1x5x5xi1>) -> (tensor<1x5x2xf32>, tensor<1x5x3xf32>) {
  %wq = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %bq = arith.constant dense<[10.0, 11.0, 12.0]> : tensor<3xf32>
  %wk = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %wv = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %wo = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0], [11.0, 12.0]]> : tensor<6x2xf32>
  %slopes = arith.constant dense<[[[[0.0, 1.0, 2.0, 3.0, 4.0]], [[0.0, 2.0, 4.0, 6.0, 8.0]], [[0.0, 3.0, 6.0, 9.0, 12.0]]]]> : tensor<1x3x1x5xf32>
  %e3 = tensor.empty() : tensor<1x5x3xf32>
  %e6 = tensor.empty() : tensor<1x5x6xf32>
  %eh = tensor.empty() : tensor<1x3x5x1xf32>
  %ev = tensor.empty() : tensor<1x3x5x2xf32>
  %ef = tensor.empty() : tensor<1x5x3x2xf32>
  %ex = tensor.empty() : tensor<1x5x2xf32>
  %q = attn.linear ins(%x, %wq : tensor<1x5x2xf32>, tensor<2x3xf32>) bias(%bq : tensor<3xf32>) outs(%e3 : tensor<1x5x3xf32>) -> tensor<1x5x3xf32>
  %qh = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 5, 3, 1] : tensor<1x5x3xf32> into tensor<1x5x3x1xf32>
  %qt = linalg.transpose ins(%qh : tensor<1x5x3x1xf32>) outs(%eh : tensor<1x3x5x1xf32>) permutation = [0, 2, 1, 3]
  %k = attn.linear ins(%x, %wk : tensor<1x5x2xf32>, tensor<3x2xf32>) outs(%e3 : tensor<1x5x3xf32>) transpose_weight -> tensor<1x5x3xf32>
  %kh = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 5, 3, 1] : tensor<1x5x3xf32> into tensor<1x5x3x1xf32>
  %kt = linalg.transpose ins(%kh : tensor<1x5x3x1xf32>) outs(%eh : tensor<1x3x5x1xf32>) permutation = [0, 2, 1, 3]
  %v = attn.linear ins(%x, %wv : tensor<1x5x2xf32>, tensor<2x6xf32>) outs(%e6 : tensor<1x5x6xf32>) -> tensor<1x5x6xf32>
  %vh = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 5, 3, 2] : tensor<1x5x6xf32> into tensor<1x5x3x2xf32>
  %vt = linalg.transpose ins(%vh : tensor<1x5x3x2xf32>) outs(%ev : tensor<1x3x5x2xf32>) permutation = [0, 2, 1, 3]
  %a = attn.attention scale 1.0 ins(%qt, %kt, %vt : tensor<1x3x5x1xf32>, tensor<1x3x5x1xf32>, tensor<1x3x5x2xf32>) bias(%slopes : tensor<1x3x1x5xf32>) mask(%mask : tensor<1x1x5x5xi1>) outs(%ev : tensor<1x3x5x2xf32>) -> tensor<1x3x5x2xf32>
  %at = linalg.transpose ins(%a : tensor<1x3x5x2xf32>) outs(%ef : tensor<1x5x3x2xf32>) permutation = [0, 2, 1, 3]
  %af = tensor.collapse_shape %at [[0], [1], [2, 3]] : tensor<1x5x3x2xf32> into tensor<1x5x6xf32>
  %y = attn.linear ins(%af, %wo : tensor<1x5x6xf32>, tensor<6x2xf32>) outs(%ex : tensor<1x5x2xf32>) -> tensor<1x5x2xf32> loc("o")
  %other = linalg.exp ins(%z : tensor<1x5x3xf32>) outs(%e3 : tensor<1x5x3xf32>) -> tensor<1x5x3xf32>
  return %y, %other : tensor<1x5x2xf32>, tensor<1x5x3xf32>
}

// One product of which q, k and v are slices: it loses three places.
// RUN: tfc-opt %t/slices.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=o=0}))' | FileCheck %t/slices.mlir
//--- slices.mlir
// CHECK-LABEL: @slices
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[\[}}2.000000e+00, 3.000000e+00, 5.000000e+00, 6.000000e+00, 8.000000e+00, 9.000000e+00]]> : tensor<1x6xf32>
// CHECK-DAG: %[[WO:.*]] = arith.constant dense<{{\[\[}}2.000000e+00], [3.000000e+00]]> : tensor<2x1xf32>
// CHECK: %[[QKV:.*]] = attn.linear ins(%arg0, %[[W]] : tensor<1x5x1xf32>, tensor<1x6xf32>)
// CHECK: tensor.extract_slice %[[QKV]][0, 0, 0] [1, 5, 2] [1, 1, 1] : tensor<1x5x6xf32> to tensor<1x5x2xf32>
// CHECK: tensor.extract_slice %[[QKV]][0, 0, 2] [1, 5, 2] [1, 1, 1] : tensor<1x5x6xf32> to tensor<1x5x2xf32>
// CHECK: tensor.extract_slice %[[QKV]][0, 0, 4] [1, 5, 2] [1, 1, 1] : tensor<1x5x6xf32> to tensor<1x5x2xf32>
// CHECK: attn.attention {{.*}} -> tensor<1x2x5x1xf32>
// CHECK: attn.linear ins(%{{.*}}, %[[WO]] : tensor<1x5x2xf32>, tensor<2x1xf32>)
func.func @slices(%x: tensor<1x5x1xf32>) -> tensor<1x5x1xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]]> : tensor<1x9xf32>
  %wo = arith.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>
  %e9 = tensor.empty() : tensor<1x5x9xf32>
  %eh = tensor.empty() : tensor<1x3x5x1xf32>
  %ef = tensor.empty() : tensor<1x5x3x1xf32>
  %ex = tensor.empty() : tensor<1x5x1xf32>
  %qkv = attn.linear ins(%x, %w : tensor<1x5x1xf32>, tensor<1x9xf32>) outs(%e9 : tensor<1x5x9xf32>) -> tensor<1x5x9xf32>
  %q = tensor.extract_slice %qkv[0, 0, 0] [1, 5, 3] [1, 1, 1] : tensor<1x5x9xf32> to tensor<1x5x3xf32>
  %k = tensor.extract_slice %qkv[0, 0, 3] [1, 5, 3] [1, 1, 1] : tensor<1x5x9xf32> to tensor<1x5x3xf32>
  %v = tensor.extract_slice %qkv[0, 0, 6] [1, 5, 3] [1, 1, 1] : tensor<1x5x9xf32> to tensor<1x5x3xf32>
  %qh = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 5, 3, 1] : tensor<1x5x3xf32> into tensor<1x5x3x1xf32>
  %kh = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 5, 3, 1] : tensor<1x5x3xf32> into tensor<1x5x3x1xf32>
  %vh = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 5, 3, 1] : tensor<1x5x3xf32> into tensor<1x5x3x1xf32>
  %qt = linalg.transpose ins(%qh : tensor<1x5x3x1xf32>) outs(%eh : tensor<1x3x5x1xf32>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%kh : tensor<1x5x3x1xf32>) outs(%eh : tensor<1x3x5x1xf32>) permutation = [0, 2, 1, 3]
  %vt = linalg.transpose ins(%vh : tensor<1x5x3x1xf32>) outs(%eh : tensor<1x3x5x1xf32>) permutation = [0, 2, 1, 3]
  %a = attn.attention scale 1.0 causal ins(%qt, %kt, %vt : tensor<1x3x5x1xf32>, tensor<1x3x5x1xf32>, tensor<1x3x5x1xf32>) outs(%eh : tensor<1x3x5x1xf32>) -> tensor<1x3x5x1xf32>
  %at = linalg.transpose ins(%a : tensor<1x3x5x1xf32>) outs(%ef : tensor<1x5x3x1xf32>) permutation = [0, 2, 1, 3]
  %af = tensor.collapse_shape %at [[0], [1], [2, 3]] : tensor<1x5x3x1xf32> into tensor<1x5x3xf32>
  %y = attn.linear ins(%af, %wo : tensor<1x5x3xf32>, tensor<3x1xf32>) outs(%ex : tensor<1x5x1xf32>) -> tensor<1x5x1xf32> loc("o")
  return %y : tensor<1x5x1xf32>
}

// One product of (3, heads, features), open batch.
// RUN: tfc-opt %t/joined.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=o=1}))' | FileCheck %t/joined.mlir
//--- joined.mlir
// CHECK-LABEL: @joined
// CHECK-DAG: arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00, 5.000000e+00, 6.000000e+00, 9.000000e+00, 1.000000e+01]]> : tensor<1x6xf32>
// CHECK: tensor.expand_shape {{.*}} output_shape [%{{.*}}, 5, 3, 1, 2] : tensor<?x5x6xf32> into tensor<?x5x3x1x2xf32>
// CHECK: tensor.extract_slice {{.*}}[2, 0, 0, 0, 0] [1, %{{.*}}, 1, 5, 2]
// CHECK: attn.attention {{.*}} -> tensor<?x1x5x2xf32>
// CHECK: attn.linear {{.*}} : tensor<?x5x2xf32>, tensor<2x1xf32>)
func.func @joined(%x: tensor<?x5x1xf32>) -> tensor<?x5x1xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x5x1xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<1x12xf32>
  %wo = arith.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %e12 = tensor.empty(%n) : tensor<?x5x12xf32>
  %et = tensor.empty(%n) : tensor<3x?x2x5x2xf32>
  %eh = tensor.empty(%n) : tensor<?x2x5x2xf32>
  %ef = tensor.empty(%n) : tensor<?x5x2x2xf32>
  %ex = tensor.empty(%n) : tensor<?x5x1xf32>
  %qkv = attn.linear ins(%x, %w : tensor<?x5x1xf32>, tensor<1x12xf32>) outs(%e12 : tensor<?x5x12xf32>) -> tensor<?x5x12xf32>
  %parts = tensor.expand_shape %qkv [[0], [1], [2, 3, 4]] output_shape [%n, 5, 3, 2, 2] : tensor<?x5x12xf32> into tensor<?x5x3x2x2xf32>
  %t = linalg.transpose ins(%parts : tensor<?x5x3x2x2xf32>) outs(%et : tensor<3x?x2x5x2xf32>) permutation = [2, 0, 3, 1, 4]
  %q = tensor.extract_slice %t[0, 0, 0, 0, 0] [1, %n, 2, 5, 2] [1, 1, 1, 1, 1] : tensor<3x?x2x5x2xf32> to tensor<?x2x5x2xf32>
  %k = tensor.extract_slice %t[1, 0, 0, 0, 0] [1, %n, 2, 5, 2] [1, 1, 1, 1, 1] : tensor<3x?x2x5x2xf32> to tensor<?x2x5x2xf32>
  %v = tensor.extract_slice %t[2, 0, 0, 0, 0] [1, %n, 2, 5, 2] [1, 1, 1, 1, 1] : tensor<3x?x2x5x2xf32> to tensor<?x2x5x2xf32>
  %a = attn.attention scale 1.0 ins(%q, %k, %v : tensor<?x2x5x2xf32>, tensor<?x2x5x2xf32>, tensor<?x2x5x2xf32>) outs(%eh : tensor<?x2x5x2xf32>) -> tensor<?x2x5x2xf32>
  %at = linalg.transpose ins(%a : tensor<?x2x5x2xf32>) outs(%ef : tensor<?x5x2x2xf32>) permutation = [0, 2, 1, 3]
  %af = tensor.collapse_shape %at [[0], [1], [2, 3]] : tensor<?x5x2x2xf32> into tensor<?x5x4xf32>
  %y = attn.linear ins(%af, %wo : tensor<?x5x4xf32>, tensor<4x1xf32>) outs(%ex : tensor<?x5x1xf32>) -> tensor<?x5x1xf32> loc("o")
  return %y : tensor<?x5x1xf32>
}

// Four heads that share two keys, which are rotated: a unit is two heads. Angles
// that all heads share stay.
// RUN: tfc-opt %t/shared.mlir --pass-pipeline='builtin.module(func.func(attn-prune{drop=o=0}))' | FileCheck %t/shared.mlir
// RUN: tfc-opt %t/shared.mlir --pass-pipeline='builtin.module(func.func(attn-prune{head-share=0.5 importance=magnitude}))' | FileCheck %t/shared.mlir
//--- shared.mlir
// CHECK-LABEL: @shared
// CHECK-SAME: heads = 1 : i64, of = 2 : i64
// CHECK-DAG: arith.constant dense<{{\[\[}}5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]> : tensor<1x4xf32>
// CHECK-DAG: %[[KV:.*]] = arith.constant dense<{{\[\[}}3.000000e+00, 4.000000e+00]]> : tensor<1x2xf32>
// CHECK: attn.rope ins(%{{.*}}, %[[C:.*]], %[[C]] : tensor<1x2x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%{{.*}} : tensor<1x2x5x2xf32>)
// CHECK: attn.rope ins(%{{.*}}, %[[C]], %[[C]] : tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>)
// CHECK: attn.attention {{.*}} : tensor<1x2x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>)
// CHECK: attn.linear {{.*}} : tensor<1x5x4xf32>, tensor<4x1xf32>)
func.func @shared(%x: tensor<1x5x1xf32>, %angles: tensor<1x1x5x2xf32>) -> tensor<1x5x1xf32> {
  %wq = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]> : tensor<1x8xf32>
  %wk = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %wo = arith.constant dense<[[0.1], [0.2], [0.3], [0.4], [1.0], [2.0], [3.0], [4.0]]> : tensor<8x1xf32>
  %e8 = tensor.empty() : tensor<1x5x8xf32>
  %e4 = tensor.empty() : tensor<1x5x4xf32>
  %eq = tensor.empty() : tensor<1x4x5x2xf32>
  %ek = tensor.empty() : tensor<1x2x5x2xf32>
  %ef = tensor.empty() : tensor<1x5x4x2xf32>
  %ex = tensor.empty() : tensor<1x5x1xf32>
  %q = attn.linear ins(%x, %wq : tensor<1x5x1xf32>, tensor<1x8xf32>) outs(%e8 : tensor<1x5x8xf32>) -> tensor<1x5x8xf32>
  %k = attn.linear ins(%x, %wk : tensor<1x5x1xf32>, tensor<1x4xf32>) outs(%e4 : tensor<1x5x4xf32>) -> tensor<1x5x4xf32>
  %v = attn.linear ins(%x, %wk : tensor<1x5x1xf32>, tensor<1x4xf32>) outs(%e4 : tensor<1x5x4xf32>) -> tensor<1x5x4xf32>
  %qh = tensor.expand_shape %q [[0], [1], [2, 3]] output_shape [1, 5, 4, 2] : tensor<1x5x8xf32> into tensor<1x5x4x2xf32>
  %kh = tensor.expand_shape %k [[0], [1], [2, 3]] output_shape [1, 5, 2, 2] : tensor<1x5x4xf32> into tensor<1x5x2x2xf32>
  %vh = tensor.expand_shape %v [[0], [1], [2, 3]] output_shape [1, 5, 2, 2] : tensor<1x5x4xf32> into tensor<1x5x2x2xf32>
  %qt = linalg.transpose ins(%qh : tensor<1x5x4x2xf32>) outs(%eq : tensor<1x4x5x2xf32>) permutation = [0, 2, 1, 3]
  %kt = linalg.transpose ins(%kh : tensor<1x5x2x2xf32>) outs(%ek : tensor<1x2x5x2xf32>) permutation = [0, 2, 1, 3]
  %vt = linalg.transpose ins(%vh : tensor<1x5x2x2xf32>) outs(%ek : tensor<1x2x5x2xf32>) permutation = [0, 2, 1, 3]
  %qr = attn.rope ins(%qt, %angles, %angles : tensor<1x4x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%eq : tensor<1x4x5x2xf32>) -> tensor<1x4x5x2xf32>
  %kr = attn.rope ins(%kt, %angles, %angles : tensor<1x2x5x2xf32>, tensor<1x1x5x2xf32>, tensor<1x1x5x2xf32>) outs(%ek : tensor<1x2x5x2xf32>) -> tensor<1x2x5x2xf32>
  %a = attn.attention scale 1.0 causal ins(%qr, %kr, %vt : tensor<1x4x5x2xf32>, tensor<1x2x5x2xf32>, tensor<1x2x5x2xf32>) outs(%eq : tensor<1x4x5x2xf32>) -> tensor<1x4x5x2xf32>
  %at = linalg.transpose ins(%a : tensor<1x4x5x2xf32>) outs(%ef : tensor<1x5x4x2xf32>) permutation = [0, 2, 1, 3]
  %af = tensor.collapse_shape %at [[0], [1], [2, 3]] : tensor<1x5x4x2xf32> into tensor<1x5x8xf32>
  %y = attn.linear ins(%af, %wo : tensor<1x5x8xf32>, tensor<8x1xf32>) outs(%ex : tensor<1x5x1xf32>) -> tensor<1x5x1xf32> loc("o")
  return %y : tensor<1x5x1xf32>
}
