// RUN: tfc-opt %s --attn-decompose --split-input-file | FileCheck %s

// The blocks are gathered, and no scores are of all queries and keys.
// CHECK-LABEL: @blocks
// CHECK-NOT: 128x128
// CHECK: tensor.extract %{{.*}} : tensor<1x2x128x8xf32>
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<32x1x16x48xf32>)
// CHECK: math.exp
// CHECK-NOT: attn.attention
func.func @blocks(%q: tensor<1x4x128x8xf32>, %k: tensor<1x2x128x8xf32>, %b: tensor<8x3xi64>) -> tensor<1x4x128x8xf32> {
  %e = tensor.empty() : tensor<1x4x128x8xf32>
  %y = attn.attention scale 0.5 block_size 16 ins(%q, %k, %k : tensor<1x4x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
      key_blocks(%b : tensor<8x3xi64>) outs(%e : tensor<1x4x128x8xf32>) -> tensor<1x4x128x8xf32>
  return %y : tensor<1x4x128x8xf32>
}

// -----

// Landmarks have scores of their own, and no values.
// CHECK-LABEL: @grouped
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 15] [1, 4, 128, 8, 1]
// CHECK: arith.cmpi slt, %{{.*}}, %c2_i64
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 0] [1, 4, 128, 8, 15]
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0, 0] [1, 2, 8, 15, 8]
// CHECK-NOT: attn.attention
func.func @grouped(%q: tensor<1x4x128x8xf32>, %k: tensor<1x2x128x8xf32>) -> tensor<1x4x128x8xf32> {
  %e = tensor.empty() : tensor<1x4x128x8xf32>
  %y = attn.attention score grouped group_size 16 top_groups 2 scale 0.5 ins(%q, %k, %k : tensor<1x4x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
      outs(%e : tensor<1x4x128x8xf32>) -> tensor<1x4x128x8xf32>
  return %y : tensor<1x4x128x8xf32>
}

// -----

// Linear in the queries: scores of chunks, and the state before each.
// CHECK-LABEL: @causal_linear
// CHECK-NOT: 128x128
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x16x8x8xf32>)
// CHECK: scf.for
// CHECK-NOT: attn.attention
func.func @causal_linear(%q: tensor<1x4x128x8xf32>, %k: tensor<1x2x128x8xf32>) -> tensor<1x4x128x8xf32> {
  %e = tensor.empty() : tensor<1x4x128x8xf32>
  %y = attn.attention score linear scale 1.0 causal ins(%q, %k, %k : tensor<1x4x128x8xf32>, tensor<1x2x128x8xf32>, tensor<1x2x128x8xf32>)
      outs(%e : tensor<1x4x128x8xf32>) -> tensor<1x4x128x8xf32>
  return %y : tensor<1x4x128x8xf32>
}

// -----

// What is not among the 3 largest scores of a query is -inf before the softmax: the first
// of the largest is taken three times.
// CHECK-LABEL: @top
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
// CHECK-DAG: %[[THREE:.*]] = arith.constant 3 : index
// CHECK: %[[LEFT:.*]] = scf.for %{{.*}} = %{{.*}} to %[[THREE]] {{.*}} -> (tensor<1x4x16x16xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[LEFT]] :
// CHECK: %[[IS:.*]] = arith.cmpf ueq, %{{.*}}, %[[LOWEST]]
// CHECK: arith.select %[[IS]], %{{.*}}, %[[LOWEST]]
// CHECK: math.exp
// CHECK-NOT: attn.attention
func.func @top(%q: tensor<1x4x16x8xf32>, %k: tensor<1x2x16x8xf32>) -> tensor<1x4x16x8xf32> {
  %e = tensor.empty() : tensor<1x4x16x8xf32>
  %y = attn.attention top 3 scale 0.5 ins(%q, %k, %k : tensor<1x4x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>)
      outs(%e : tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32>
  return %y : tensor<1x4x16x8xf32>
}

// -----

// Of many, all pairs are compared.
// CHECK-LABEL: @many
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
// CHECK-DAG: %[[NINE:.*]] = arith.constant 9 : i64
// CHECK-NOT: scf.for
// CHECK: %[[IS:.*]] = arith.cmpi slt, %{{.*}}, %[[NINE]]
// CHECK: arith.select %[[IS]], %{{.*}}, %[[LOWEST]]
func.func @many(%q: tensor<1x4x16x8xf32>, %k: tensor<1x2x16x8xf32>) -> tensor<1x4x16x8xf32> {
  %e = tensor.empty() : tensor<1x4x16x8xf32>
  %y = attn.attention top 9 scale 0.5 ins(%q, %k, %k : tensor<1x4x16x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>)
      outs(%e : tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32>
  return %y : tensor<1x4x16x8xf32>
}
