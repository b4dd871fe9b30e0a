// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.0,-1.0,1.0,-1.0,1.0,-1.0,1.0 keep=second}))' | FileCheck %s
// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.0,-1.0,1.0,-1.0,1.0,-1.0,1.0 keep=first,second,third}))' | FileCheck %s --check-prefix=NONE
// RUN: not tfc-opt %s --pass-pipeline='builtin.module(func.func(attn-quantize{ranges=-1.0,1.0,-1.0,1.0,-1.0,1.0,-1.0,1.0 keep=fourth}))' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: quantize: there is no node 'fourth' that is computed in int8; there are 'first', 'second', 'third'

// The second layer reads what the first gives, which is rounded, with weights in f32;
// what it gives is rounded for the third, and not for the other that returns it.
// CHECK-LABEL: @chain
// CHECK: %[[F:.*]] = attn.linear
// CHECK: %[[Q:.*]] = attn.quantize ins(%[[F]]
// CHECK: %[[D:.*]] = attn.dequantize ins(%[[Q]]
// CHECK: %[[S:.*]] = attn.linear ins(%[[D]], %cst{{.*}} : tensor<3x2xf32>, tensor<2x2xf32>)
// CHECK: %[[SQ:.*]] = attn.quantize ins(%[[S]]
// CHECK: %[[SD:.*]] = attn.dequantize ins(%[[SQ]]
// CHECK: %[[W:.*]] = attn.dequantize ins(%{{.*}} : tensor<2x2xi8>)
// CHECK: attn.linear ins(%[[SD]], %[[W]]
// CHECK: return %[[S]], %{{.*}}
// NONE-LABEL: @chain
// NONE-NOT: attn.quantize
// NONE-NOT: attn.dequantize
// NONE: return
func.func @chain(%x: tensor<3x2xf32>, %i: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %f = attn.linear ins(%x, %w : tensor<3x2xf32>, tensor<2x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32> loc("first")
  %s = attn.linear ins(%f, %w : tensor<3x2xf32>, tensor<2x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32> loc("second")
  %t = attn.linear ins(%s, %w : tensor<3x2xf32>, tensor<2x2xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32> loc("third")
  return %s, %t : tensor<3x2xf32>, tensor<3x2xf32>
}
