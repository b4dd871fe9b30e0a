// RUN: tfc-opt %s | tfc-opt | FileCheck %s
// RUN: tfc-opt %s --mlir-print-op-generic | tfc-opt | FileCheck %s

// CHECK-LABEL: @tensors
// CHECK: m7.product ins(%{{.*}} : tensor<2x9x4xi8>) weights dense<{{.*}}> : tensor<2x4xi8> bias dense<[100, -20]> : tensor<2xi32> multipliers dense<[1000000, 2000000]> : tensor<2xi32> zero -3 outs(%{{.*}} : tensor<2x9x2xi8>) -> tensor<2x9x2xi8>
// CHECK: m7.activation_product ins(%{{.*}}, %{{.*}} : tensor<9x8xi8>, tensor<6x8xi8>) zeros 3, -4 multiplier 20000000 zero 5 outs(%{{.*}} : tensor<9x6xi8>) -> tensor<9x6xi8>
// CHECK: m7.attention ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<9x8xi8>, tensor<6x8xi8>, tensor<6x8xi8>) zeros 1, 2, 3 scores 20000000 zero 5 table dense<1000> : tensor<256xi32> numerator 2147483647 probabilities -128 multiplier 30000000 zero 4 outs(%{{.*}} : tensor<9x8xi8>) -> tensor<9x8xi8>
// CHECK: m7.softmax ins(%{{.*}} : tensor<9x6xi8>) table dense<1000> : tensor<256xi32> numerator -1 zero -128 outs(%{{.*}} : tensor<9x6xi8>) -> tensor<9x6xi8>
// CHECK: m7.table ins(%{{.*}} : tensor<9x6xi8>) table dense<7> : tensor<256xi8> outs(%{{.*}} : tensor<9x6xi8>) -> tensor<9x6xi8>
// CHECK: m7.add ins(%{{.*}}, %{{.*}} : tensor<9x6xi8>, tensor<9x6xi8>) factors 1048576, -500000 offset 524288 outs(%{{.*}} : tensor<9x6xi8>) -> tensor<9x6xi8>
// CHECK: m7.multiply ins(%{{.*}}, %{{.*}} : tensor<9x6xi8>, tensor<9x6xi8>) zeros 3, -128 multiplier 16000000 zero 4 outs(%{{.*}} : tensor<9x6xi8>) -> tensor<9x6xi8>
func.func @tensors(%x: tensor<2x9x4xi8>, %xy: tensor<2x9x2xi8>, %q: tensor<9x8xi8>, %k: tensor<6x8xi8>,
                   %v: tensor<6x8xi8>, %s: tensor<9x6xi8>) {
  %0 = m7.product ins(%x : tensor<2x9x4xi8>) weights dense<[[1, 2, 3, 4], [-1, 0, 1, 127]]> : tensor<2x4xi8>
    bias dense<[100, -20]> : tensor<2xi32> multipliers dense<[1000000, 2000000]> : tensor<2xi32> zero -3
    outs(%xy : tensor<2x9x2xi8>) -> tensor<2x9x2xi8>
  %1 = m7.activation_product ins(%q, %k : tensor<9x8xi8>, tensor<6x8xi8>) zeros 3, -4 multiplier 20000000 zero 5
    outs(%s : tensor<9x6xi8>) -> tensor<9x6xi8>
  %2 = m7.attention ins(%q, %k, %v : tensor<9x8xi8>, tensor<6x8xi8>, tensor<6x8xi8>) zeros 1, 2, 3
    scores 20000000 zero 5 table dense<1000> : tensor<256xi32> numerator 2147483647 probabilities -128
    multiplier 30000000 zero 4 outs(%q : tensor<9x8xi8>) -> tensor<9x8xi8>
  %3 = m7.softmax ins(%1 : tensor<9x6xi8>) table dense<1000> : tensor<256xi32> numerator 4294967295 zero -128
    outs(%s : tensor<9x6xi8>) -> tensor<9x6xi8>
  %4 = m7.table ins(%3 : tensor<9x6xi8>) table dense<7> : tensor<256xi8> outs(%s : tensor<9x6xi8>) -> tensor<9x6xi8>
  %5 = m7.add ins(%3, %4 : tensor<9x6xi8>, tensor<9x6xi8>) factors 1048576, -500000 offset 524288
    outs(%s : tensor<9x6xi8>) -> tensor<9x6xi8>
  %6 = m7.multiply ins(%5, %4 : tensor<9x6xi8>, tensor<9x6xi8>) zeros 3, -128 multiplier 16000000 zero 4
    outs(%s : tensor<9x6xi8>) -> tensor<9x6xi8>
  return
}

// CHECK-LABEL: @buffers
// CHECK: m7.product ins(%{{.*}} : memref<9x8xi8>) weights {{.*}} outs(%{{.*}} : memref<9x2xi8, strided<[5, 1]>>) scratch(%{{.*}} : memref<48xi8>)
// CHECK: m7.mean ins(%{{.*}} : memref<9x8xi8>) offset -27 multiplier 477218588 zero 3 outs(%{{.*}} : memref<8xi8>)
// CHECK: m7.norm ins(%{{.*}} : memref<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<2147483648> : tensor<8xi64> epsilon 10 x_zero 0 outs(%{{.*}} : memref<9x8xi8>)
// CHECK: m7.norm rms ins(%{{.*}} : memref<9x8xi8>) gains {{.*}} epsilon 536870912 x_zero -7 outs(%{{.*}} : memref<9x8xi8>)
func.func @buffers(%x: memref<9x8xi8>, %y: memref<9x2xi8, strided<[5, 1]>>, %scratch: memref<48xi8>, %m: memref<8xi8>) {
  m7.product ins(%x : memref<9x8xi8>) weights dense<1> : tensor<2x8xi8> bias dense<0> : tensor<2xi32>
    multipliers dense<5> : tensor<2xi32> zero 0 outs(%y : memref<9x2xi8, strided<[5, 1]>>) scratch(%scratch : memref<48xi8>)
  m7.mean ins(%x : memref<9x8xi8>) offset -27 multiplier 477218588 zero 3 outs(%m : memref<8xi8>)
  m7.norm ins(%x : memref<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<2147483648> : tensor<8xi64>
    epsilon 10 x_zero 0 outs(%x : memref<9x8xi8>)
  m7.norm rms ins(%x : memref<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<2147483648> : tensor<8xi64>
    epsilon 536870912 x_zero -7 outs(%x : memref<9x8xi8>)
  return
}
