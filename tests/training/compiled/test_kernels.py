"""What is executed, how often, what it moves and computes, and what it is for."""

import pytest

from xlt_flax.modeling.cost import Peak
from xlt_flax.training.compiled.hlo import parse
from xlt_flax.training.compiled.kernels import executed
from xlt_flax.training.compiled.roofline import by_kind, largest, part_of, seconds_of

PEAK = Peak({"bfloat16": 1e12, "float32": 1e10, "tf32": 1e11}, 1e9)


def program(entry, computations=""):
    text = f"HloModule m\n\n{computations}\nENTRY %main (a: f32[8,8]) -> f32[8,8] {{\n{entry}\n}}\n"
    return executed(parse(text))


def fusion(body, *operands, result="f32[8,8]{1,0}", scope=""):
    """A program of one fusion; `operands` are the types of its parameters."""
    taken = "\n".join(f"  %a{i} = {one} parameter({i})" for i, one in enumerate(operands))
    names = ", ".join(f"%a{i}" for i in range(len(operands)))
    entry = (
        f"{taken}\n  ROOT %f.1 = {result} fusion({names}), kind=kLoop, calls=%fused, "
        f'metadata={{op_name="{scope}"}}'
    )
    parameters = "\n".join(f"  %p{i} = {one} parameter({i})" for i, one in enumerate(operands))
    found = program(entry, f"%fused () -> f32[] {{\n{parameters}\n{body}\n}}\n")
    (kernel,) = found.kernels
    return kernel


LOOP = """%body (p: (s32[], f32[8,8])) -> (s32[], f32[8,8]) {
  %p = (s32[], f32[8,8]{1,0}) parameter(0)
  %i = s32[] get-tuple-element(%p), index=0
  %x = f32[8,8]{1,0} get-tuple-element(%p), index=1
  %y = f32[8,8]{1,0} copy(%x)
  %z = f32[8,8]{1,0} negate(%y)
  ROOT %t = (s32[], f32[8,8]{1,0}) tuple(%i, %z)
}
%cond (p: (s32[], f32[8,8])) -> pred[] {
  %p = (s32[], f32[8,8]{1,0}) parameter(0)
  %i = s32[] get-tuple-element(%p), index=0
  %n = s32[] constant(12)
  ROOT %less = pred[] compare(%i, %n), direction=LT
}
%long (q: f32[8,8]) -> f32[8,8] {
  %q = f32[8,8]{1,0} parameter(0)
  %r = f32[8,8]{1,0} copy(%q)
  ROOT %s = f32[8,8]{1,0} copy(%r)
}
%short (q: f32[8,8]) -> f32[8,8] {
  %q = f32[8,8]{1,0} parameter(0)
  ROOT %r = f32[8,8]{1,0} copy(%q)
}
"""
WHILE = "%w = (s32[], f32[8,8]{1,0}) while(%a), condition=%cond, body=%body"


@pytest.mark.parametrize(
    ("line", "kernels", "unknown"),
    [
        (f'{WHILE}, backend_config={{"known_trip_count":{{"n":"12"}}}}', 24, 0),
        (WHILE, 2, 1),
        ("%w = f32[8,8] conditional(%a, %a, %a), branch_computations={%short, %long}", 2, 0),
        (
            "%w = f32[8,8] conditional(%a, %a, %a), true_computation=%long, "
            "false_computation=%short",
            2,
            0,
        ),
        ("%w = f32[8,8]{1,0} call(%a), to_apply=%long", 2, 0),
        ("%w = f32[8,8]{1,0} copy-start(%a)\n  %d = f32[8,8]{1,0} copy-done(%w)", 1, 0),
        ("%w = f32[64]{0} bitcast(%a)", 0, 0),
    ],
)
def test_kernels_are_counted_as_often_as_they_are_executed(line, kernels, unknown):
    found = program(f"  %a = f32[8,8]{{1,0}} parameter(0)\n  {line}", LOOP)
    assert sum(kernel.times for kernel in found.kernels) == kernels
    assert found.unknown_loops == unknown


MATRIX = "f32[8,8]{1,0}"
DOT = "dot(%p0, %p1), lhs_contracting_dims={1}, rhs_contracting_dims={0}"


def op(opcode, scope, name="%o", result=MATRIX, operands="%p0", root=True):
    start = "  ROOT " if root else "  "
    return f'{start}{name} = {result} {opcode}({operands}), metadata={{op_name="{scope}"}}'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f'  ROOT %o = {MATRIX} {DOT}, metadata={{op_name="jvp(dense)/dot"}}', "dense"),
        (f'  ROOT %o = {MATRIX} {DOT}, metadata={{op_name="transpose(jvp(attend))"}}', "attention"),
        (f'  ROOT %o = {MATRIX} {DOT}, metadata={{op_name="/bqhd,bkhd->bhqk/dot"}}', "attention"),
        (f'  ROOT %o = {MATRIX} {DOT}, metadata={{op_name="...qhd,...khd->...hqk"}}', "attention"),
        (op("exponential", "jvp(attend)/exp"), "attention"),
        (op("sqrt", "adam/sqrt"), "adam"),
        (op("rsqrt", "jvp(norm)/rsqrt"), "norms and casts"),
        (op("convert", "jvp(dense)/convert"), "norms and casts"),
        (op("xor", "dropout/threefry2x32"), "dropout"),
        (op("xor", "attend/dropout/threefry2x32"), "dropout"),
    ],
)
def test_what_a_kernel_is_for(body, kind):
    assert fusion(body, MATRIX, MATRIX).kind == kind


def test_dropouts_hashes_do_not_outweigh_what_is_dropped():
    hashes = [op("xor", "dropout", f"%h{i}", root=False) for i in range(9)]
    body = "\n".join([*hashes, op("add", "jvp(norm)/add", operands="%p0, %h8")])
    kernel = fusion(body, MATRIX)
    assert kernel.kind == "norms and casts"
    assert kernel.work.operations == {"dropout": 9 * 64, "jvp(norm)/add": 64}


@pytest.mark.parametrize(
    ("body", "operands", "result", "read", "written", "kind"),
    [
        (op("negate", ""), [MATRIX], MATRIX, 256, 256, "norms and casts"),
        (  # of 100 matrices, one is read
            op("dynamic-slice", "", result="f32[1,8,8]{2,1,0}", operands="%p0, %p1"),
            ["f32[100,8,8]{2,1,0}", "s32[]"],
            "f32[1,8,8]{2,1,0}",
            256 + 4,
            256,
            "norms and casts",
        ),
        (  # of 100 matrices, one is written
            op(
                "dynamic-update-slice",
                "",
                result="f32[100,8,8]{2,1,0}",
                operands="%p0, %p1, %p2",
            ),
            ["f32[100,8,8]{2,1,0}", "f32[1,8,8]{2,1,0}", "s32[]"],
            "f32[100,8,8]{2,1,0}",
            256 + 4,
            256,
            "norms and casts",
        ),
        (  # rows that are added to are read and written
            op("scatter", "", result="f32[100,8]{1,0}", operands="%p0, %p1, %p2"),
            ["f32[100,8]{1,0}", "s32[5,1]{1,0}", "f32[5,8]{1,0}"],
            "f32[100,8]{1,0}",
            20 + 160,
            2 * 160,
            "scatter",
        ),
        (  # a value that is also needed whole is read whole
            "\n".join(
                [
                    op("slice", "", "%s", "f32[1,8]{1,0}", root=False),
                    op("add", "", operands="%p0, %p0"),
                ]
            ),
            [MATRIX],
            MATRIX,
            256,
            256,
            "norms and casts",
        ),
    ],
)
def test_what_a_fusion_moves(body, operands, result, read, written, kind):
    kernel = fusion(body, *operands, result=result)
    assert (kernel.work.read, kernel.work.written) == (read, written)
    assert kernel.kind == kind


@pytest.mark.parametrize(
    ("dtype", "rest", "multiplied"),
    [
        ("bf16", "", "bfloat16"),
        ("f32", "", "tf32"),
        ("f32", ", operand_precision={highest,highest}", "float32"),
    ],
)
def test_a_products_flop_and_type(dtype, rest, multiplied):
    kernel = fusion(
        f"  ROOT %o = f32[4,8]{{1,0}} {DOT}{rest}",
        f"{dtype}[4,16]{{1,0}}",
        f"{dtype}[16,8]{{1,0}}",
        result="f32[4,8]{1,0}",
    )
    (product,) = kernel.work.products
    assert (product.flop, product.dtype) == (2 * 4 * 8 * 16, multiplied)


GEMM = (
    '%c = (bf16[4,8]{1,0}, s8[9999]{0}) custom-call(%a, %b), custom_call_target="__cublas$gemm", '
    'metadata={op_name="jvp(dense)/dot_general"}, backend_config={"gemm_backend_config":'
    '{"dot_dimension_numbers":{"lhs_contracting_dimensions":["1"]}}}'
)
ATTENTION = (
    "%c = (bf16[3,512,12,64]{3,2,1,0}, u8[7]{0}) custom-call(%q, %q, %q), "
    'custom_call_target="__cudnn$fmhaSoftmaxWHICH", metadata={op_name="attend"}'
)


@pytest.mark.parametrize(
    ("line", "flop", "moved", "kind", "said"),
    [
        (GEMM, 2 * 4 * 8 * 16, 2 * (64 + 128 + 32), "dense", "one product"),
        (
            ATTENTION.replace("WHICH", ""),
            2 * 2 * 3 * 12 * 512 * 512 * 64,
            2 * 2 * 3 * 512 * 12 * 64,
            "attention",
            "2 products",
        ),
        (
            ATTENTION.replace("WHICH", "Backward"),
            5 * 2 * 3 * 12 * 512 * 512 * 64,
            2 * 2 * 3 * 512 * 12 * 64,
            "attention",
            "5 products",
        ),
        (
            '%c = bf16[4,16]{1,0} custom-call(%a), custom_call_target="mine"',
            0,
            2 * 2 * 64,
            "norms and casts",
            "mine: operands and results once, no FLOP",
        ),
    ],
)
def test_custom_calls_are_counted_by_models_that_are_shown(line, flop, moved, kind, said):
    operands = (
        "  %a = bf16[4,16]{1,0} parameter(0)\n  %b = bf16[16,8]{1,0} parameter(1)\n"
        "  %q = bf16[3,512,12,64]{3,2,1,0} parameter(2)"
    )
    (kernel,) = program(f"{operands}\n  {line}").kernels
    assert sum(product.flop for product in kernel.work.products) == flop
    assert kernel.work.bytes == moved
    assert kernel.kind == kind
    assert said in kernel.model


def test_a_kernel_takes_as_long_as_its_slowest_part():
    large = "f32[1000,1000]{1,0}"
    moving = fusion(op("negate", "", result=large), large, result=large)
    assert seconds_of(moving, PEAK) == pytest.approx(8e6 / (3 / 3.35 * 1e9))
    sides = ["bf16[999,999]{1,0}"] * 2
    multiplying = fusion(f"  ROOT %o = bf16[] {DOT}", *sides, result="bf16[]")
    assert seconds_of(multiplying, PEAK) == pytest.approx(
        max(2 * 999 / (0.55 * 1e12), 2 * 2 * 999**2 / (3 / 3.35 * 1e9))
    )
    small = fusion(op("negate", "", result="f32[]"), "f32[]", result="f32[]")
    assert seconds_of(small, PEAK) == 2e-6


def test_parts_add_up_and_the_largest_stand_first():
    lines = [f"  %k.{i} = {MATRIX} negate(%a)" for i in range(3)]
    big = '  %big = f32[999,8]{1,0} copy(%a), metadata={op_name="adam"}'
    found = program("\n".join([f"  %a = {MATRIX} parameter(0)", *lines, big])).kernels
    whole, parts = part_of("all", found, PEAK), by_kind(found, PEAK)
    assert whole.kernels == sum(part.kernels for part in parts) == 4
    assert whole.seconds == pytest.approx(sum(part.seconds for part in parts))
    assert whole.bytes == 3 * 512 + 256 + 32 * 999
    assert [(p.name, p.kernels) for p in largest(found, PEAK, 2)] == [
        ("big (adam)", 1),
        ("k (norms and casts)", 3),
    ]
