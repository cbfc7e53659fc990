"""XLA's text of a program is read whole, or refused."""

import jax
import jax.numpy as jnp
import pytest

from xlt_flax.training.compiled.hlo import Array, parse
from xlt_flax.training.compiled.kernels import executed

TEXT = """HloModule jit_f, is_scheduled=true, entry_computation_layout={()->f32[]}

FileNames
1 "f.py"

%body (p: (s32[], f32[2,3])) -> (s32[], f32[2,3]) {
  %p = (s32[], /*index=1*/f32[2,3]{1,0:T(8,128)}) parameter(0)
  %g = f32[2,3]{1,0} get-tuple-element(%p), index=1
  ROOT %t = (s32[], f32[2,3]{1,0}) tuple(%g, %g)
}

ENTRY %main.3 (a: f32[2,3]) -> f32[2,3] {
  %a = f32[2,3]{1,0} parameter(0), metadata={op_name="x(y)"}
  %c = s32[2]{0} constant({1, 2})
  ROOT %k.1 = f32[2,3]{1,0} custom-call(%a, %c), custom_call_target="__cublas$gemm", \
metadata={op_name="jit(f)/dense/dot_general" stack_frame_id=2}, \
backend_config={"gemm_backend_config":{"alpha_real":1,"note":"a } in text"},"n":"5"}
}
"""


def test_a_text_is_read():
    module = parse(TEXT)
    assert list(module.computations) == ["body", "main.3"]
    assert module.entry == "main.3"
    parameter, *_, root = module.computations["body"].values()
    assert parameter.arrays == (Array("s32", ()), Array("f32", (2, 3)))
    assert parameter.bytes == 4 + 24
    assert root.operands == ("g", "g")
    call = module.computations["main.3"]["k.1"]
    assert (call.opcode, call.target, call.is_root) == ("custom-call", "__cublas$gemm", True)
    assert call.operands == ("a", "c")
    assert call.scope == "jit(f)/dense/dot_general"
    assert call.backend_config["n"] == "5"
    assert call.backend_config["gemm_backend_config"]["note"] == "a } in text"


@pytest.mark.parametrize(
    ("array", "size"),
    [
        (Array("pred", (3,)), 3),
        (Array("bf16", (2, 3)), 12),
        (Array("f8e4m3fn", (4,)), 4),
        (Array("s4", (4,)), 2),
        (Array("c64", ()), 8),
        (Array("token", ()), 0),
    ],
)
def test_sizes(array, size):
    assert array.bytes == size


@pytest.mark.parametrize(
    "text", ["", "HloModule empty", "ENTRY %main () -> f32[] {\n  what is this\n}", TEXT[:-200]]
)
def test_what_is_no_program_is_refused(text):
    with pytest.raises(ValueError, match=r"HLO|parenthesis"):
        parse(text)


def test_what_xla_writes_on_this_machine_is_read():
    """A loop of products: each counts as often as the loop goes round."""

    def five(x):
        return jax.lax.fori_loop(0, 5, lambda _, x: jnp.sin(x @ x), x)

    x = jax.ShapeDtypeStruct((48, 48), jnp.float32)
    found = executed(parse(jax.jit(five).lower(x).compile().as_text()))
    flop = sum(k.times * p.flop for k in found.kernels for p in k.work.products)
    assert flop == 5 * 2 * 48**3
    assert found.unknown_loops == 0
