// RUN: tfc-opt %s --m7-call-kernels --split-input-file | FileCheck %s

// One function and one table for both; the buffers' addresses and sizes.
// CHECK-DAG: memref.global "private" constant @[[TABLE:table_[0-9]+]] : memref<256xi8> = dense<7> {alignment = 8 : i64}
// CHECK-LABEL: @tables
// CHECK: call @tfc_m7_table(%{{.*}}, %{{.*}}, %{{.*}}, %c72_i32)
// CHECK: memref.get_global @[[TABLE]]
// CHECK: call @tfc_m7_table(%{{.*}}, %{{.*}}, %{{.*}}, %c15_i32)
// CHECK: func.func private @tfc_m7_table
func.func @tables(%x: memref<9x8xi8>, %y: memref<15xi8>) {
  m7.table ins(%x : memref<9x8xi8>) table dense<7> : tensor<256xi8> outs(%x : memref<9x8xi8>)
  m7.table ins(%y : memref<15xi8>) table dense<7> : tensor<256xi8> outs(%y : memref<15xi8>)
  return
}

// -----

// Weights 1, 2, 3, 4 beside -1, 0, 1, 127: 255, 769, 512, 1151 in 16 bits each,
// in the order 0, 2, 1, 3; then 256 * 100 - 20, -20 and the multipliers.
// CHECK-DAG: @weights_{{[0-9]+}} : memref<8xi8> = dense<[-1, 0, 1, 3, 0, 2, 127, 4]>
// CHECK-DAG: @parameters_{{[0-9]+}} : memref<16xi8> = dense<[-20, 99, 0, 0, -20, -1, -1, -1, 64, 66, 15, 0, -128, -124, 30, 0]>
// CHECK-LABEL: @paired
// CHECK: call @tfc_m7_product_k4_r3(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %c9_i32, %c2_i32, %c2_i32{{.*}}, %c-3_i32)
func.func @paired(%x: memref<9x4xi8>, %y: memref<9x2xi8>, %scratch: memref<24xi8>) {
  m7.product ins(%x : memref<9x4xi8>) weights dense<[[1, 2, 3, 4], [-1, 0, 1, 127]]> : tensor<2x4xi8>
    bias dense<[100, -20]> : tensor<2xi32> multipliers dense<[1000000, 2000000]> : tensor<2xi32> zero -3
    outs(%y : memref<9x2xi8>) scratch(%scratch : memref<24xi8>)
  return
}

// -----

// Three outputs have no pairs, and one is made alone.
// CHECK-LABEL: @plain
// CHECK: call @tfc_m7_plain_product_k4_r2({{.*}}, %c2_i32, %c3_i32, %c7_i32, %c0_i32)
// CHECK: call @tfc_m7_plain_product_k4_r2_single
func.func @plain(%x: memref<2x4xi8>, %z: memref<2x1xi8>, %y: memref<2x3xi8, strided<[7, 1]>>, %scratch: memref<16xi8>) {
  m7.product ins(%x : memref<2x4xi8>) weights dense<2> : tensor<3x4xi8>
    bias dense<0> : tensor<3xi32> multipliers dense<9> : tensor<3xi32> zero 0
    outs(%y : memref<2x3xi8, strided<[7, 1]>>) scratch(%scratch : memref<16xi8>)
  m7.product ins(%x : memref<2x4xi8>) weights dense<2> : tensor<1x4xi8> bias dense<0> : tensor<1xi32>
    multipliers dense<9> : tensor<1xi32> zero 0 outs(%z : memref<2x1xi8>) scratch(%scratch : memref<16xi8>)
  return
}

// -----

// CHECK-LABEL: @rows
// CHECK: call @tfc_m7_activation_product_k8_r3_y24(
// CHECK: call @tfc_m7_attention_k8_n6_s24_v24({{.*}}, %c9_i32{{[_0-9]*}}, %c8_i32{{[_0-9]*}})
// CHECK: call @tfc_m7_softmax
// CHECK: call @tfc_m7_layer_norm_k8({{.*}}, %c9_i32{{[_0-9]*}}, %c0_i32{{[_0-9]*}}, %c10_i64)
// CHECK: call @tfc_m7_rms_norm_k8({{.*}}, %c9_i32{{[_0-9]*}}, %c-7_i32{{[_0-9]*}}, %c10_i64{{[_0-9]*}})
// CHECK: call @tfc_m7_mean_k8
// CHECK: call @tfc_m7_add
// CHECK: call @tfc_m7_multiply
func.func @rows(%x: memref<9x8xi8>, %k: memref<6x8xi8, strided<[24, 1]>>, %s: memref<9x6xi8>, %m: memref<8xi8>, %scratch: memref<256xi8>) {
  m7.activation_product ins(%x, %k : memref<9x8xi8>, memref<6x8xi8, strided<[24, 1]>>) zeros 0, 0 multiplier 1 zero 0
    outs(%s : memref<9x6xi8>) scratch(%scratch : memref<256xi8>)
  m7.attention ins(%x, %k, %k : memref<9x8xi8>, memref<6x8xi8, strided<[24, 1]>>, memref<6x8xi8, strided<[24, 1]>>)
    zeros 1, 2, 3 scores 2 zero 5 table dense<1000> : tensor<256xi32> numerator 7 probabilities -128 multiplier 3 zero 4
    outs(%x : memref<9x8xi8>) scratch(%scratch : memref<256xi8>)
  m7.softmax ins(%s : memref<9x6xi8>) table dense<1000> : tensor<256xi32> numerator 7 zero -128 outs(%s : memref<9x6xi8>)
  m7.norm ins(%x : memref<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<0> : tensor<8xi64>
    epsilon 10 x_zero -7 outs(%x : memref<9x8xi8>)
  m7.norm rms ins(%x : memref<9x8xi8>) gains dense<65536> : tensor<8xi32> offsets dense<0> : tensor<8xi64>
    epsilon 10 x_zero -7 outs(%x : memref<9x8xi8>)
  m7.mean ins(%x : memref<9x8xi8>) offset -27 multiplier 477218588 zero 3 outs(%m : memref<8xi8>)
  m7.add ins(%x, %x : memref<9x8xi8>, memref<9x8xi8>) factors 9, 7 offset 5 outs(%x : memref<9x8xi8>)
  m7.multiply ins(%x, %x : memref<9x8xi8>, memref<9x8xi8>) zeros 3, 4 multiplier 5 zero 6 outs(%x : memref<9x8xi8>)
  return
}
