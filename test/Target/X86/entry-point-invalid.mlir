// RUN: tfc-opt %s --x86-entry-point --split-input-file --verify-diagnostics

// expected-error @below {{expected a public function}}
module {
}

// -----

// expected-error @below {{the x86 target cannot pass input 0 of type 'tensor<*xf32>'}}
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @below {{the x86 target cannot pass output 0 of type 'tensor<4xi4>'}}
func.func @narrow(%x: tensor<4xf32>) -> tensor<4xi4> {
  %c = arith.constant dense<0> : tensor<4xi4>
  return %c : tensor<4xi4>
}

// -----

func.func @first() {
  return
}
// expected-error @below {{expected one public function, found a second}}
func.func @second() {
  return
}
