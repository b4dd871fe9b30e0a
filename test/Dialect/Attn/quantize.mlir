// RUN: tfc-opt %s --split-input-file | tfc-opt --split-input-file | FileCheck %s
// RUN: tfc-opt %s --split-input-file --canonicalize | FileCheck %s --check-prefix=SIMPLE
// RUN: tfc-opt %s --split-input-file --transform-interpreter --canonicalize --verify-diagnostics | FileCheck %s --check-prefix=TILE
// RUN: tfc-opt %s --split-input-file --one-shot-bufferize="bufferize-function-boundaries" | FileCheck %s --check-prefix=BUFFER

// Scales are those of f32, to the last bit.
// CHECK-LABEL: @roundtrip
// CHECK: attn.quantize ins(%{{.*}} : tensor<?x4xf32>) as !quant.uniform<u8:f32, 0.033961083739995956:3> outs(%{{.*}} : tensor<?x4xi8>) -> tensor<?x4xi8>
// CHECK: attn.dequantize ins(%{{.*}} : tensor<?x4xi8>) as !quant.uniform<u8:f32, 0.033961083739995956:3> outs(%{{.*}} : tensor<?x4xf32>) -> tensor<?x4xf32>

// Rounding stays.
// SIMPLE-LABEL: @roundtrip
// SIMPLE: attn.quantize
// SIMPLE: attn.dequantize
// BUFFER-LABEL: @roundtrip
// BUFFER: attn.quantize ins(%{{.*}} : memref<?x4xf32{{.*}}>) as {{.*}} outs(%{{.*}} : memref<?x4xi8
// BUFFER: attn.dequantize ins(%{{.*}} : memref<?x4xi8{{.*}}>) as {{.*}} outs(%{{.*}} : memref<?x4xf32
// TILE-LABEL: @roundtrip
func.func @roundtrip(%x: tensor<?x4xf32>, %i: tensor<?x4xi8>, %f: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %q = attn.quantize ins(%x : tensor<?x4xf32>) as !quant.uniform<u8:f32, 0.033961083739995956:3> outs(%i : tensor<?x4xi8>) -> tensor<?x4xi8>
  %y = attn.dequantize ins(%q : tensor<?x4xi8>) as !quant.uniform<u8:f32, 0.033961083739995956:3> outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    transform.yield
  }
}

// -----

// An integer is rounded to itself, on its own scale only.
// SIMPLE-LABEL: @back
// SIMPLE-SAME: (%[[X:.*]]: tensor<4xi8>, %{{.*}}: tensor<4xi8>
// SIMPLE: %[[F:.*]] = attn.dequantize
// SIMPLE-NEXT: %[[OTHER:.*]] = attn.quantize ins(%[[F]]
// SIMPLE-NEXT: return %[[X]], %[[OTHER]]
func.func @back(%x: tensor<4xi8>, %i: tensor<4xi8>, %f: tensor<4xf32>) -> (tensor<4xi8>, tensor<4xi8>) {
  %r = attn.dequantize ins(%x : tensor<4xi8>) as !quant.uniform<i8:f32, 0.1:3> outs(%f : tensor<4xf32>) -> tensor<4xf32>
  %same = attn.quantize ins(%r : tensor<4xf32>) as !quant.uniform<i8:f32, 0.1:3> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  %other = attn.quantize ins(%r : tensor<4xf32>) as !quant.uniform<i8:f32, 0.1:4> outs(%i : tensor<4xi8>) -> tensor<4xi8>
  return %same, %other : tensor<4xi8>, tensor<4xi8>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    transform.yield
  }
}

// -----

// Dimensions before that of the slices are cut.
// CHECK-LABEL: @slices
// CHECK: attn.dequantize ins(%{{.*}} : tensor<6x2xi32>) as !quant.uniform<i32:f32:1, {5.000000e-01,2.500000e-01}> outs
// TILE-LABEL: @slices
// TILE: scf.for
// TILE: %[[X:.*]] = tensor.extract_slice %{{.*}} [2, 2] [1, 1] : tensor<6x2xi32> to tensor<2x2xi32>
// TILE: attn.dequantize ins(%[[X]] : tensor<2x2xi32>)
// TILE: tensor.insert_slice
func.func @slices(%x: tensor<6x2xi32>, %f: tensor<6x2xf32>) -> tensor<6x2xf32> {
  %y = attn.dequantize ins(%x : tensor<6x2xi32>) as !quant.uniform<i32:f32:1, {0.5, 0.25}> outs(%f : tensor<6x2xf32>) -> tensor<6x2xf32>
  return %y : tensor<6x2xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %op = transform.structured.match ops{["attn.dequantize"]} in %root : (!transform.any_op) -> !transform.any_op
    %tiled, %loop = transform.structured.tile_using_for %op tile_sizes [2]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
