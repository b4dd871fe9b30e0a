// RUN: tfc-opt %s --pass-pipeline='builtin.module(func.func(m7-expand-integers))' --split-input-file | FileCheck %s

// CHECK-LABEL: @sum
// CHECK-NOT: m7.
// CHECK: linalg.generic
// CHECK: ^bb0(%[[A:.*]]: i8, %[[B:.*]]: i8, %{{.*}}: i8):
// CHECK: %[[WA:.*]] = arith.extsi %[[A]] : i8 to i32
// CHECK: %[[PA:.*]] = arith.muli %[[WA]], %c9_i32
// CHECK: %[[WB:.*]] = arith.extsi %[[B]] : i8 to i32
// CHECK: %[[PB:.*]] = arith.muli %[[WB]], %c-7_i32
// CHECK: %[[S:.*]] = arith.addi %[[PA]], %[[PB]]
// CHECK: %[[O:.*]] = arith.addi %[[S]], %c5_i32
// CHECK: %[[H:.*]] = arith.shrsi %[[O]], %c20_i32
// CHECK: %[[L:.*]] = arith.maxsi %[[H]], %c-128_i32
// CHECK: %[[M:.*]] = arith.minsi %[[L]], %c127_i32
// CHECK: %[[Y:.*]] = arith.trunci %[[M]] : i32 to i8
// CHECK: linalg.yield %[[Y]]
func.func @sum(%a: tensor<4xi8>, %b: tensor<4xi8>) -> tensor<4xi8> {
  %e = tensor.empty() : tensor<4xi8>
  %y = m7.add ins(%a, %b : tensor<4xi8>, tensor<4xi8>) factors 9, -7 offset 5 outs(%e : tensor<4xi8>) -> tensor<4xi8>
  return %y : tensor<4xi8>
}

// -----

// Sums of 32 bits, then a product of 64, rounded.
// CHECK-LABEL: @product
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %{{.*}} : tensor<?x4xi8>, tensor<2x4xi8>) outs(%{{.*}} : tensor<?x2xi32>)
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x2xi32>, tensor<2xi32>, tensor<2xi32>) outs(%{{.*}} : tensor<?x2xi8>)
// CHECK: %[[P:.*]] = arith.muli %{{.*}}, %{{.*}} : i64
// CHECK: %[[R:.*]] = arith.addi %[[P]], %c2147483648_i64
// CHECK: arith.shrsi %[[R]], %c32_i64
func.func @product(%x: tensor<?x4xi8>, %e: tensor<?x2xi8>) -> tensor<?x2xi8> {
  %y = m7.product ins(%x : tensor<?x4xi8>) weights dense<1> : tensor<2x4xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<1> : tensor<2xi32> zero 3 outs(%e : tensor<?x2xi8>) -> tensor<?x2xi8>
  return %y : tensor<?x2xi8>
}

// -----

// What works on buffers stays.
// CHECK-LABEL: @buffers
// CHECK: m7.table
func.func @buffers(%x: memref<4xi8>) {
  m7.table ins(%x : memref<4xi8>) table dense<7> : tensor<256xi8> outs(%x : memref<4xi8>)
  return
}
