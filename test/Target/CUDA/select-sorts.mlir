// RUN: tfc-opt %s --split-input-file --cuda-select-sorts | FileCheck %s

#mine = affine_map<(i, a, j) -> (i, a)>
#its = affine_map<(i, a, j) -> (i, j)>

// What is greater comes first: all bits of its key are the others.
// CHECK-LABEL: @places
// CHECK-NOT: linalg
// CHECK: %[[INIT:.*]] = tensor.empty
// CHECK-NOT: linalg.generic
// CHECK: %[[PLACES:.*]] = cuda.sort 1 ins(%{{.*}} : tensor<?x64xi32>) outs(%[[INIT]] : tensor<?x64xi64>) {
// CHECK: ^bb0(%[[ELEMENT:.*]]: i32):
// CHECK: %[[KEY:.*]] = arith.xori %[[ELEMENT]], %c-1
// CHECK: cuda.yield %[[KEY]] : i32
// CHECK: return %[[PLACES]]
func.func @places(%x: tensor<?x64xi32>, %n: index) -> tensor<?x64xi64> {
  %zero = arith.constant 0 : i64
  %init = tensor.empty(%n) : tensor<?x64xi64>
  %zeros = linalg.fill ins(%zero : i64) outs(%init : tensor<?x64xi64>) -> tensor<?x64xi64>
  %places = linalg.generic {indexing_maps = [#mine, #its, #mine],
                            iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %x : tensor<?x64xi32>, tensor<?x64xi32>) outs(%zeros : tensor<?x64xi64>) {
  ^bb0(%mine: i32, %its: i32, %count: i64):
    %less = arith.cmpi sgt, %its, %mine : i32
    %equal = arith.cmpi eq, %its, %mine : i32
    %a = linalg.index 1 : index
    %j = linalg.index 2 : index
    %earlier = arith.cmpi ult, %j, %a : index
    %tie = arith.andi %equal, %earlier : i1
    %before = arith.ori %less, %tie : i1
    %one = arith.extui %before : i1 to i64
    %more = arith.addi %count, %one : i64
    linalg.yield %more : i64
  } -> tensor<?x64xi64>
  return %places : tensor<?x64xi64>
}

// -----

#mine = affine_map<(a, j) -> (a)>
#its = affine_map<(a, j) -> (j)>

// Of floating-point numbers: NaN last, and its place 0, as comparisons have it. Unsigned
// keys of the element, ascending.
// CHECK-LABEL: @numbers
// CHECK: cuda.sort 0 ins(%{{.*}} : tensor<8xf32>)
// CHECK: ^bb0(%[[ELEMENT:.*]]: f32):
// CHECK: arith.bitcast
// CHECK: %[[NAN:.*]] = arith.cmpf uno, %[[ELEMENT]], %[[ELEMENT]]
// CHECK: arith.select %[[NAN]], %c2147483647_i32
// CHECK: linalg.generic
// CHECK: %[[ISNAN:.*]] = arith.cmpf uno
// CHECK: arith.select %[[ISNAN]], %c0_i64
func.func @numbers(%x: tensor<8xf32>) -> tensor<8xi64> {
  %zeros = arith.constant dense<0> : tensor<8xi64>
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %places = linalg.generic {indexing_maps = [#its, #mine, #mine], iterator_types = ["parallel", "reduction"]}
      ins(%x, %x : tensor<8xf32>, tensor<8xf32>) outs(%zeros : tensor<8xi64>) {
  ^bb0(%its: f32, %mine: f32, %count: i64):
    %less = arith.cmpf ogt, %mine, %its : f32
    %equal = arith.cmpf oeq, %mine, %its : f32
    %a = linalg.index 0 : index
    %j = linalg.index 1 : index
    %earlier = arith.cmpi sgt, %a, %j : index
    %tie = arith.andi %earlier, %equal : i1
    %before = arith.ori %tie, %less : i1
    %s = arith.select %before, %one, %zero : i64
    %more = arith.addi %s, %count : i64
    linalg.yield %more : i64
  } -> tensor<8xi64>
  return %places : tensor<8xi64>
}

// -----

#mine = affine_map<(a, j) -> (a)>
#its = affine_map<(a, j) -> (j)>

// The first three, by the key that both are compared by.
// CHECK-LABEL: @first
// CHECK-NOT: linalg.generic
// CHECK: %[[FIRST:.*]]:2 = cuda.sort 0 ins(%{{.*}} : tensor<8xi8>) outs(%{{.*}}, %{{.*}} : tensor<3xi8>, tensor<3xi64>) {
// CHECK: ^bb0(%[[ELEMENT:.*]]: i8):
// CHECK: %[[PRODUCT:.*]] = arith.muli %[[ELEMENT]], %[[ELEMENT]]
// CHECK: %[[KEY:.*]] = arith.xori %[[PRODUCT]], %c-128
// CHECK: cuda.yield %[[KEY]]
// CHECK-NOT: linalg.generic
// CHECK: return %[[FIRST]]#0, %[[FIRST]]#1
func.func @first(%x: tensor<8xi8>, %values: tensor<3xi8>, %positions: tensor<3xi64>) -> (tensor<3xi8>, tensor<3xi64>) {
  %zeros = arith.constant dense<0> : tensor<8xi64>
  %places = linalg.generic {indexing_maps = [#mine, #its, #mine], iterator_types = ["parallel", "reduction"]}
      ins(%x, %x : tensor<8xi8>, tensor<8xi8>) outs(%zeros : tensor<8xi64>) {
  ^bb0(%mine: i8, %its: i8, %count: i64):
    %m = arith.muli %mine, %mine : i8
    %i = arith.muli %its, %its : i8
    %less = arith.cmpi ult, %i, %m : i8
    %equal = arith.cmpi eq, %i, %m : i8
    %a = linalg.index 0 : index
    %j = linalg.index 1 : index
    %earlier = arith.cmpi ult, %j, %a : index
    %tie = arith.andi %equal, %earlier : i1
    %before = arith.ori %less, %tie : i1
    %one = arith.extui %before : i1 to i64
    %more = arith.addi %count, %one : i64
    linalg.yield %more : i64
  } -> tensor<8xi64>
  %first:2 = linalg.generic {indexing_maps = [#its, #its, #mine, #mine], iterator_types = ["parallel", "reduction"]}
      ins(%x, %places : tensor<8xi8>, tensor<8xi64>) outs(%values, %positions : tensor<3xi8>, tensor<3xi64>) {
  ^bb0(%e: i8, %place: i64, %v: i8, %p: i64):
    %a = linalg.index 0 : index
    %wanted = arith.index_cast %a : index to i64
    %j = linalg.index 1 : index
    %position = arith.index_cast %j : index to i64
    %here = arith.cmpi eq, %place, %wanted : i64
    %value = arith.select %here, %e, %v : i8
    %at = arith.select %here, %position, %p : i64
    linalg.yield %value, %at : i8, i64
  } -> (tensor<3xi8>, tensor<3xi64>)
  return %first#0, %first#1 : tensor<3xi8>, tensor<3xi64>
}

// -----

#mine = affine_map<(a, j) -> (a)>
#its = affine_map<(a, j) -> (j)>

// Equal ones that are later, and other keys: no order of a sort.
// CHECK-LABEL: @others
// CHECK-NOT: cuda.sort
func.func @others(%x: tensor<8xi32>) -> (tensor<8xi64>, tensor<8xi64>) {
  %zeros = arith.constant dense<0> : tensor<8xi64>
  %later = linalg.generic {indexing_maps = [#mine, #its, #mine], iterator_types = ["parallel", "reduction"]}
      ins(%x, %x : tensor<8xi32>, tensor<8xi32>) outs(%zeros : tensor<8xi64>) {
  ^bb0(%mine: i32, %its: i32, %count: i64):
    %less = arith.cmpi slt, %its, %mine : i32
    %equal = arith.cmpi eq, %its, %mine : i32
    %a = linalg.index 0 : index
    %j = linalg.index 1 : index
    %is = arith.cmpi ugt, %j, %a : index
    %tie = arith.andi %equal, %is : i1
    %before = arith.ori %less, %tie : i1
    %one = arith.extui %before : i1 to i64
    %more = arith.addi %count, %one : i64
    linalg.yield %more : i64
  } -> tensor<8xi64>
  %keys = linalg.generic {indexing_maps = [#mine, #its, #mine], iterator_types = ["parallel", "reduction"]}
      ins(%x, %x : tensor<8xi32>, tensor<8xi32>) outs(%zeros : tensor<8xi64>) {
  ^bb0(%mine: i32, %its: i32, %count: i64):
    %other = arith.muli %mine, %mine : i32
    %less = arith.cmpi slt, %its, %other : i32
    %equal = arith.cmpi eq, %its, %other : i32
    %a = linalg.index 0 : index
    %j = linalg.index 1 : index
    %is = arith.cmpi ult, %j, %a : index
    %tie = arith.andi %equal, %is : i1
    %before = arith.ori %less, %tie : i1
    %one = arith.extui %before : i1 to i64
    %more = arith.addi %count, %one : i64
    linalg.yield %more : i64
  } -> tensor<8xi64>
  return %later, %keys : tensor<8xi64>, tensor<8xi64>
}
