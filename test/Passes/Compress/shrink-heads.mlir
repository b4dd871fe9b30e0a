// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-shrink-heads{query-key=1 value=1}))' | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-shrink-heads{values=out=1}))' | FileCheck %s --check-prefix=VALUE
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-shrink-heads{energy=0.99}))' | FileCheck %s --check-prefix=ENERGY
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-shrink-heads{query-key=2}))' | FileCheck %s --check-prefix=SAME

// q, k and v are one layer, of 3 x 1 head x 2. In q the second element is always zero,
// so one of both is enough. The key has a bias, which a softmax does not see.
// CHECK-LABEL: @fused
// CHECK-SAME: query_key = 1 : i64, query_key_before = 2 : i64, query_key_energy_kept = 1.000000e+00 : f64, site = "out", value = 1 : i64, value_before = 2 : i64, value_energy_kept = 0.9{{[0-9]*}} : f64
// CHECK-NOT: tensor<2x6xf32>
// CHECK-DAG: %[[Q:.*]] = attn.linear ins(%arg0, %{{.*}} : tensor<?x3x2xf32>, tensor<2x1xf32>) outs(%{{.*}} : tensor<?x3x1xf32>) -> tensor<?x3x1xf32>
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0], [1], [2, 3]]{{.*}} into tensor<?x3x1x1xf32>
// CHECK: attn.attention scale 5.000000e-01 ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x1x3x1xf32>, tensor<?x1x3x1xf32>, tensor<?x1x3x1xf32>) outs(%{{.*}} : tensor<?x1x3x1xf32>) -> tensor<?x1x3x1xf32>
// CHECK: %[[Y:.*]] = attn.linear ins(%{{.*}} : tensor<?x3x1xf32>, tensor<1x2xf32>) bias({{.*}}) outs(%arg1 : tensor<?x3x2xf32>) activation relu -> tensor<?x3x2xf32>
// CHECK: return %[[Y]]

// The queries and keys of one layer with the values go on as they were.
// VALUE-LABEL: @fused
// VALUE-NOT: tensor<2x6xf32>
// VALUE-COUNT-2: attn.linear {{.*}} tensor<2x2xf32>
// VALUE: attn.attention {{.*}} : tensor<?x1x3x2xf32>, tensor<?x1x3x2xf32>, tensor<?x1x3x1xf32>)

// ENERGY-LABEL: @fused
// ENERGY: attn.attention {{.*}} : tensor<?x1x3x1xf32>, tensor<?x1x3x1xf32>, tensor<?x1x3x2xf32>)

// SAME-LABEL: @fused
// SAME-NOT: tfc.compression
// SAME: tensor<2x6xf32>
func.func @fused(%x: tensor<?x3x2xf32>, %init: tensor<?x3x2xf32>) -> tensor<?x3x2xf32> {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %x, %c0 : tensor<?x3x2xf32>
  %w = arith.constant dense<[[1.0, 0.0, 2.0, 1.0, 1.0, 0.5], [0.5, 0.0, 1.0, 3.0, 0.0, 1.0]]> : tensor<2x6xf32>
  %b = arith.constant dense<[1.0, 0.0, 2.0, 3.0, 0.5, 0.25]> : tensor<6xf32>
  %wo = arith.constant dense<[[2.0, 1.0], [1.0, 2.0]]> : tensor<2x2xf32>
  %e = tensor.empty(%dim) : tensor<?x3x6xf32>
  %p = attn.linear ins(%x, %w : tensor<?x3x2xf32>, tensor<2x6xf32>) bias(%b : tensor<6xf32>) outs(%e : tensor<?x3x6xf32>) -> tensor<?x3x6xf32>
  %s = tensor.expand_shape %p [[0], [1], [2, 3, 4]] output_shape [%dim, 3, 3, 1, 2] : tensor<?x3x6xf32> into tensor<?x3x3x1x2xf32>
  %te = tensor.empty(%dim) : tensor<3x?x1x3x2xf32>
  %t = linalg.transpose ins(%s : tensor<?x3x3x1x2xf32>) outs(%te : tensor<3x?x1x3x2xf32>) permutation = [2, 0, 3, 1, 4]
  %q = tensor.extract_slice %t[0, 0, 0, 0, 0] [1, %dim, 1, 3, 2] [1, 1, 1, 1, 1] : tensor<3x?x1x3x2xf32> to tensor<?x1x3x2xf32>
  %k = tensor.extract_slice %t[1, 0, 0, 0, 0] [1, %dim, 1, 3, 2] [1, 1, 1, 1, 1] : tensor<3x?x1x3x2xf32> to tensor<?x1x3x2xf32>
  %v = tensor.extract_slice %t[2, 0, 0, 0, 0] [1, %dim, 1, 3, 2] [1, 1, 1, 1, 1] : tensor<3x?x1x3x2xf32> to tensor<?x1x3x2xf32>
  %ae = tensor.empty(%dim) : tensor<?x1x3x2xf32>
  %a = attn.attention scale 0.5 ins(%q, %k, %v : tensor<?x1x3x2xf32>, tensor<?x1x3x2xf32>, tensor<?x1x3x2xf32>) outs(%ae : tensor<?x1x3x2xf32>) -> tensor<?x1x3x2xf32>
  %je = tensor.empty(%dim) : tensor<?x3x1x2xf32>
  %jt = linalg.transpose ins(%a : tensor<?x1x3x2xf32>) outs(%je : tensor<?x3x1x2xf32>) permutation = [0, 2, 1, 3]
  %j = tensor.collapse_shape %jt [[0], [1], [2, 3]] : tensor<?x3x1x2xf32> into tensor<?x3x2xf32>
  %y = attn.linear ins(%j, %wo : tensor<?x3x2xf32>, tensor<2x2xf32>) outs(%init : tensor<?x3x2xf32>) activation relu -> tensor<?x3x2xf32> loc("out")
  return %y : tensor<?x3x2xf32>
}
