// RUN: tfc-opt %s --m7-fit-arena=sram=1024 --m7-note-savings="sram=1024 flash=1" | FileCheck %s
// RUN: tfc-opt %s --m7-fit-arena=sram=65536 --m7-note-savings=sram=65536 | FileCheck %s --check-prefix=FITS
// RUN: tfc-opt %s --m7-note-savings | FileCheck %s --check-prefix=ANY

// No input is an image, nor walked by rows: int8 is left. The module stays as it was.
// CHECK: m7.savings = [{arena = 128 : i64, held = 1024 : i64, how = "in int8, by --quantize (an estimate: each f32 at a quarter)"}]
// CHECK-SAME: m7.weights = [{bytes = 1024 : i64, inputs = 8 : i64, node = "up", outputs = 32 : i64}, {bytes = 1024 : i64, inputs = 32 : i64, node = "down", outputs = 8 : i64}, {bytes = 32 : i64, node = "bias"}]
// CHECK: linalg.matmul {{.*}} -> tensor<64x32xf32>
// CHECK-NOT: module
// FITS-NOT: m7.savings
// FITS-NOT: m7.weights
// ANY-NOT: m7.savings
// ANY-NOT: m7.weights
module attributes {m7.interface = {inputs = [{dims = array<i64: 64, 8>, element = "float", name = "x"}], outputs = [{dims = array<i64: 64, 8>, element = "float", name = "y"}]}} {
  func.func @tfc_compute(%x: memref<64x8xf32>, %y: memref<64x8xf32>) -> i32 {
    %ok = arith.constant 0 : i32
    %zero = arith.constant 0.0 : f32
    %w1 = arith.constant dense<1.0> : tensor<8x32xf32>
    %w2 = arith.constant dense<2.0> : tensor<32x8xf32>
    %bias = arith.constant dense<3.0> : tensor<8xf32>
    %in = bufferization.to_tensor %x restrict : memref<64x8xf32> to tensor<64x8xf32>
    %e0 = tensor.empty() : tensor<64x32xf32>
    %s0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<64x32xf32>) -> tensor<64x32xf32>
    %h = linalg.matmul ins(%in, %w1 : tensor<64x8xf32>, tensor<8x32xf32>) outs(%s0 : tensor<64x32xf32>) -> tensor<64x32xf32> loc("up")
    %e1 = tensor.empty() : tensor<64x8xf32>
    %s1 = linalg.broadcast ins(%bias : tensor<8xf32>) outs(%e1 : tensor<64x8xf32>) dimensions = [0] loc("bias")
    %r = linalg.matmul ins(%h, %w2 : tensor<64x32xf32>, tensor<32x8xf32>) outs(%s1 : tensor<64x8xf32>) -> tensor<64x8xf32> loc("down")
    bufferization.materialize_in_destination %r in restrict writable %y : (tensor<64x8xf32>, memref<64x8xf32>) -> ()
    return %ok : i32
  }
}
