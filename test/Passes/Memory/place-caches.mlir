// RUN: tfc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(memory-place-caches{capacity=64}))' --verify-diagnostics | FileCheck %s
// RUN: not tfc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(memory-place-caches))' 2>&1 | FileCheck %s --check-prefix=CAPACITY

// CAPACITY: expected a capacity of 1 at least, found 0

// By name: the past of one layer begins where that of the other does, as sizes of one name
// are equal.
// CHECK-LABEL: func.func @decode
// CHECK-SAME: %{{[^:]*}}: tensor<?x2x?x8xf32> {tfc.cache = array<i64: 1, 2, 64>,
// CHECK-SAME: %{{[^:]*}}: tensor<?x2x?x8xf32> {tfc.cache = array<i64: 0, 2, 64>,
// CHECK-SAME: %{{[^:]*}}: tensor<?x2x1x8xf32>,
func.func @decode(%k: tensor<?x2x?x8xf32> {tfc.name = "past_key_values.0.key", tfc.dims = ["b", "", "past", ""]},
                  %v: tensor<?x2x?x8xf32> {tfc.name = "past_key_values.0.value", tfc.dims = ["b", "", "past", ""]},
                  %new: tensor<?x2x1x8xf32>, %e: tensor<?x2x?x8xf32>)
    -> (tensor<?x2x?x8xf32> {tfc.name = "present.0.value"}, tensor<?x2x?x8xf32> {tfc.name = "present.0.key"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %k, %c0 : tensor<?x2x?x8xf32>
  %past = tensor.dim %k, %c2 : tensor<?x2x?x8xf32>
  %all = arith.addi %past, %c1 : index
  %empty = tensor.empty(%b, %all) : tensor<?x2x?x8xf32>
  %k0 = tensor.insert_slice %k into %empty[0, 0, 0, 0] [%b, 2, %past, 8] [1, 1, 1, 1] : tensor<?x2x?x8xf32> into tensor<?x2x?x8xf32>
  %k1 = tensor.insert_slice %new into %k0[0, 0, %past, 0] [%b, 2, 1, 8] [1, 1, 1, 1] : tensor<?x2x1x8xf32> into tensor<?x2x?x8xf32>
  %v0 = tensor.insert_slice %v into %empty[0, 0, 0, 0] [%b, 2, %past, 8] [1, 1, 1, 1] : tensor<?x2x?x8xf32> into tensor<?x2x?x8xf32>
  %v1 = tensor.insert_slice %new into %v0[0, 0, %past, 0] [%b, 2, 1, 8] [1, 1, 1, 1] : tensor<?x2x1x8xf32> into tensor<?x2x?x8xf32>
  return %v1, %k1 : tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>
}

// -----

// expected-error @below {{no input and output have the names of a cache}}
func.func @names(%k: tensor<?x8xf32> {tfc.name = "k"}) -> (tensor<?x8xf32> {tfc.name = "m"}) {
  return %k : tensor<?x8xf32>
}

// -----

// expected-error @below {{input 'past' and output 'present' cannot be one buffer: the output is not the input with something behind it}}
func.func @same(%k: tensor<?x8xf32> {tfc.name = "past"}) -> (tensor<?x8xf32> {tfc.name = "present"}) {
  return %k : tensor<?x8xf32>
}

// -----

// Something else begins where the input does not end.
// expected-error @below {{input 'past' and output 'present' cannot be one buffer: what is new does not begin where the input ends}}
func.func @elsewhere(%k: tensor<2x?x8xf32> {tfc.name = "past"}, %new: tensor<2x1x8xf32>, %at: index, %n: index)
    -> (tensor<2x?x8xf32> {tfc.name = "present"}) {
  %c1 = arith.constant 1 : index
  %past = tensor.dim %k, %c1 : tensor<2x?x8xf32>
  %empty = tensor.empty(%n) : tensor<2x?x8xf32>
  %k0 = tensor.insert_slice %k into %empty[0, 0, 0] [2, %past, 8] [1, 1, 1] : tensor<2x?x8xf32> into tensor<2x?x8xf32>
  %k1 = tensor.insert_slice %new into %k0[0, %at, 0] [2, 1, 8] [1, 1, 1] : tensor<2x1x8xf32> into tensor<2x?x8xf32>
  return %k1 : tensor<2x?x8xf32>
}

// -----

// expected-error @below {{input 'past' and output 'present' cannot be one buffer: a size behind that of the tokens is open}}
func.func @open(%k: tensor<2x?x?xf32> {tfc.name = "past"}, %new: tensor<2x1x?xf32>, %size: index, %n: index)
    -> (tensor<2x?x?xf32> {tfc.name = "present"}) {
  %c1 = arith.constant 1 : index
  %past = tensor.dim %k, %c1 : tensor<2x?x?xf32>
  %empty = tensor.empty(%n, %size) : tensor<2x?x?xf32>
  %k0 = tensor.insert_slice %k into %empty[0, 0, 0] [2, %past, %size] [1, 1, 1] : tensor<2x?x?xf32> into tensor<2x?x?xf32>
  %k1 = tensor.insert_slice %new into %k0[0, %past, 0] [2, 1, %size] [1, 1, 1] : tensor<2x1x?xf32> into tensor<2x?x?xf32>
  return %k1 : tensor<2x?x?xf32>
}

// -----

// expected-error @below {{input 'past' and output 'present' cannot be one buffer: the input is read elsewhere too}}
func.func @read(%k: tensor<2x?x8xf32> {tfc.name = "past"}, %new: tensor<2x1x8xf32>, %n: index)
    -> (tensor<2x?x8xf32> {tfc.name = "present"}, tensor<2x?x8xf32> {tfc.name = "again"}) {
  %c1 = arith.constant 1 : index
  %past = tensor.dim %k, %c1 : tensor<2x?x8xf32>
  %empty = tensor.empty(%n) : tensor<2x?x8xf32>
  %k0 = tensor.insert_slice %k into %empty[0, 0, 0] [2, %past, 8] [1, 1, 1] : tensor<2x?x8xf32> into tensor<2x?x8xf32>
  %k1 = tensor.insert_slice %new into %k0[0, %past, 0] [2, 1, 8] [1, 1, 1] : tensor<2x1x8xf32> into tensor<2x?x8xf32>
  return %k1, %k : tensor<2x?x8xf32>, tensor<2x?x8xf32>
}
