// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-observe-positions))' | FileCheck %s

// Keys are summed over the two heads that they have, whatever queries have; an open batch.
// CHECK-DAG: #[[LEFT:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d2)>
// CHECK-DAG: #[[RIGHT:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d2)>
// CHECK-DAG: #[[PAIR:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d3, d4)>
// CHECK-LABEL: @attention
// CHECK-SAME: -> (tensor<?x4x3x8xf32>, tensor<5x5xf32> {tfc.key_products = 0 : i32}, tensor<5x5xf32> {tfc.value_products = 0 : i32})
// CHECK: %[[KEYS:.*]] = linalg.generic {indexing_maps = [#[[LEFT]], #[[RIGHT]], #[[PAIR]]], iterator_types = ["reduction", "reduction", "reduction", "parallel", "parallel"]} ins(%arg1, %arg1
// CHECK: %[[VALUES:.*]] = linalg.generic {{.*}} ins(%arg2, %arg2
// CHECK: return %{{.*}}, %[[KEYS]], %[[VALUES]] :
func.func @attention(%q: tensor<?x4x3x8xf32>, %k: tensor<?x2x5x8xf32>, %v: tensor<?x2x5x8xf32>) -> tensor<?x4x3x8xf32> {
  %y = attn.attention scale 0.5 ins(%q, %k, %v : tensor<?x4x3x8xf32>, tensor<?x2x5x8xf32>, tensor<?x2x5x8xf32>)
      outs(%q : tensor<?x4x3x8xf32>) -> tensor<?x4x3x8xf32>
  return %y : tensor<?x4x3x8xf32>
}

// An open number of keys, and other types.
// CHECK-LABEL: @alone
// CHECK-NOT: tfc.key_products
func.func @alone(%q: tensor<1x4x?x8xf32>, %h: tensor<1x4x3x8xf16>) -> (tensor<1x4x?x8xf32>, tensor<1x4x3x8xf16>) {
  %y = attn.attention scale 0.5 ins(%q, %q, %q : tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>, tensor<1x4x?x8xf32>)
      outs(%q : tensor<1x4x?x8xf32>) -> tensor<1x4x?x8xf32>
  %z = attn.attention scale 0.5 ins(%h, %h, %h : tensor<1x4x3x8xf16>, tensor<1x4x3x8xf16>, tensor<1x4x3x8xf16>)
      outs(%h : tensor<1x4x3x8xf16>) -> tensor<1x4x3x8xf16>
  return %y, %z : tensor<1x4x?x8xf32>, tensor<1x4x3x8xf16>
}

// CHECK-LABEL: func.func private @declared
func.func private @declared(tensor<2xf32>) -> tensor<2xf32>
