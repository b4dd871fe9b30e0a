// RUN: tfc-opt %s --attn-verify-memory-plan --split-input-file --verify-diagnostics

// Faults put into plans; each must be found from the code alone.

// Both live while the second is made.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  // expected-error @+1 {{bytes 16 to 32 of the arena are overwritten while they live}}
  %a = memref.view %arena[%c0][] : memref<64xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  // expected-note @+1 {{by this buffer}}
  %b = memref.view %arena[%c16][] : memref<64xi8> to memref<8xf32>
  linalg.exp ins(%a : memref<8xf32>) outs(%b : memref<8xf32>)
  linalg.exp ins(%b : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}
}

// -----

// The first lives on by another name.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{bytes 0 to 32 of the arena are overwritten while they live}}
  %a = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  %other = memref.cast %a : memref<8xf32> to memref<?xf32>
  // expected-note @+1 {{by this buffer}}
  %b = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%b : memref<8xf32>)
  memref.copy %other, %y : memref<?xf32> to memref<8xf32>
  return
}
}

// -----

// A loop hands the first on.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{bytes 0 to 32 of the arena are overwritten while they live}}
  %a = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%s = %a) -> (memref<8xf32>) {
    scf.yield %s : memref<8xf32>
  }
  // expected-note @+1 {{by this buffer}}
  %b = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%b : memref<8xf32>)
  memref.copy %r, %y : memref<8xf32> to memref<8xf32>
  return
}
}

// -----

module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %arena: memref<64xi8>) {
  %c4 = arith.constant 4 : index
  // expected-error @+1 {{a buffer at bytes 4 to 36 does not lie in the arena of 64 bytes, or is not aligned}}
  %a = memref.view %arena[%c4][] : memref<64xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  return
}
}

// -----

module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %arena: memref<64xi8>) {
  %c40 = arith.constant 40 : index
  // expected-error @+1 {{a buffer at bytes 40 to 72 does not lie in the arena of 64 bytes, or is not aligned}}
  %a = memref.view %arena[%c40][] : memref<64xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  return
}
}

// -----

module attributes {m7.plan = {}} {
func.func private @f(memref<8xf32>) -> memref<8xf32>
func.func @tfc_compute(%arena: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %a = memref.view %arena[%c0][] : memref<64xi8> to memref<8xf32>
  // expected-error @+1 {{the memory plan cannot follow a buffer through this operation}}
  %b = func.call @f(%a) : (memref<8xf32>) -> memref<8xf32>
  return
}
}

// -----

// A loop holds temporaries of its own; what it reads from outside lives through
// all iterations.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{bytes 0 to 32 of the arena are overwritten while they live}}
  %a = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  scf.for %i = %c0 to %c1 step %c1 {
    linalg.exp ins(%a : memref<8xf32>) outs(%y : memref<8xf32>)
    // expected-note @+1 {{by this buffer}}
    %b = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
    linalg.exp ins(%x : memref<8xf32>) outs(%b : memref<8xf32>)
  }
  return
}
}

// -----

// An iteration hands its temporary to the next.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %start = memref.view %arena[%c32][] : memref<64xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%start : memref<8xf32>)
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%s = %start) -> (memref<8xf32>) {
    // expected-error @+1 {{bytes 0 to 32 of the arena are overwritten while they live}}
    %a = memref.view %arena[%c0][] : memref<64xi8> to memref<8xf32>
    linalg.exp ins(%s : memref<8xf32>) outs(%a : memref<8xf32>)
    // expected-note @+1 {{by this buffer}}
    %b = memref.view %arena[%c0][] : memref<64xi8> to memref<8xf32>
    linalg.exp ins(%x : memref<8xf32>) outs(%b : memref<8xf32>)
    scf.yield %a : memref<8xf32>
  }
  return
}
}

// -----

// A right plan: the temporaries of an iteration follow one another.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c1 step %c1 {
    %a = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
    linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
    linalg.exp ins(%a : memref<8xf32>) outs(%y : memref<8xf32>)
    %b = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
    linalg.exp ins(%x : memref<8xf32>) outs(%b : memref<8xf32>)
  }
  return
}
}

// -----

// A right plan: the lives do not meet.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%x: memref<8xf32>, %y: memref<8xf32>, %arena: memref<32xi8>) {
  %c0 = arith.constant 0 : index
  %a = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  linalg.exp ins(%a : memref<8xf32>) outs(%y : memref<8xf32>)
  %b = memref.view %arena[%c0][] : memref<32xi8> to memref<8xf32>
  linalg.exp ins(%x : memref<8xf32>) outs(%b : memref<8xf32>)
  return
}
}

// -----

// Keys are read for all rows: no result may lie there.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%q: memref<9x8xi8>, %arena: memref<72xi8>) {
  %c0 = arith.constant 0 : index
  %k = memref.view %arena[%c0][] : memref<72xi8> to memref<9x8xi8>
  // expected-error @+1 {{'m7.attention' op writes its result over operand 1, which it still reads}}
  m7.attention ins(%q, %k, %q : memref<9x8xi8>, memref<9x8xi8>, memref<9x8xi8>)
    zeros 1, 2, 3 scores 20000000 zero 5 table dense<1000> : tensor<256xi32> numerator 2147483647 probabilities -128
    multiplier 30000000 zero 4 outs(%k : memref<9x8xi8>)
  return
}
}

// -----

// Queries a row further on than their results.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%k: memref<6x8xi8>, %arena: memref<160xi8>) {
  %c0 = arith.constant 0 : index
  %all = memref.view %arena[%c0][] : memref<160xi8> to memref<10x16xi8>
  %q = memref.subview %all[1, 0] [9, 8] [1, 1] : memref<10x16xi8> to memref<9x8xi8, strided<[16, 1], offset: 16>>
  %y = memref.subview %all[0, 0] [9, 8] [1, 1] : memref<10x16xi8> to memref<9x8xi8, strided<[16, 1]>>
  // expected-error @+1 {{'m7.attention' op writes its result over operand 0, which it still reads}}
  m7.attention ins(%q, %k, %k : memref<9x8xi8, strided<[16, 1], offset: 16>>, memref<6x8xi8>, memref<6x8xi8>)
    zeros 1, 2, 3 scores 20000000 zero 5 table dense<1000> : tensor<256xi32> numerator 2147483647 probabilities -128
    multiplier 30000000 zero 4 outs(%y : memref<9x8xi8, strided<[16, 1]>>)
  return
}
}

// -----

// Right: a head's results in the place of its queries, beside what another
// head reads.
module attributes {m7.plan = {}} {
func.func @tfc_compute(%arena: memref<144xi8>) {
  %c0 = arith.constant 0 : index
  %all = memref.view %arena[%c0][] : memref<144xi8> to memref<9x16xi8>
  %q = memref.subview %all[0, 0] [9, 8] [1, 1] : memref<9x16xi8> to memref<9x8xi8, strided<[16, 1]>>
  %k = memref.subview %all[0, 8] [9, 8] [1, 1] : memref<9x16xi8> to memref<9x8xi8, strided<[16, 1], offset: 8>>
  m7.attention ins(%q, %k, %k : memref<9x8xi8, strided<[16, 1]>>, memref<9x8xi8, strided<[16, 1], offset: 8>>, memref<9x8xi8, strided<[16, 1], offset: 8>>)
    zeros 1, 2, 3 scores 20000000 zero 5 table dense<1000> : tensor<256xi32> numerator 2147483647 probabilities -128
    multiplier 30000000 zero 4 outs(%q : memref<9x8xi8, strided<[16, 1]>>)
  return
}
}
