"""What a matrix expands to."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scene_graph.edit import EditSpec, edit_spec, expand_variants
from scene_graph.edit.edit_file import parse_yaml
from scene_graph.edit.operations import Crop, OffsetEgo, SetEnvironment
from scene_graph.edit.variants import MAX_VARIANTS
from scene_graph.errors import SceneError


def spec_of(text: str) -> EditSpec:
    return edit_spec(parse_yaml(text), "some.yaml")


def radii(matrix: str, more: str = "") -> list[float]:
    """The values of a matrix with one name."""
    variants = expand_variants(spec_of(f"matrix: {{r: {matrix}}}\n{more}\nedits: [{{crop: {{radius_m: '${{r}}'}}}}]"))
    return [variant.values["r"] for variant in variants]


def test_the_full_product_in_order() -> None:
    variants = expand_variants(
        spec_of(
            """
            matrix:
              weather: [rain, fog]
              y_m: {range: [-1, 1], count: 3}
            edits:
              - set_environment: {weather: "${weather}", prompt: "In ${weather}, $${y_m} is ${y_m} m."}
              - offset_ego: {lateral_m: "${y_m}"}
            """
        )
    )
    assert [variant.name for variant in variants] == [
        "0_weather=rain_y_m=-1", "1_weather=rain_y_m=0",
        "2_weather=rain_y_m=1", "3_weather=fog_y_m=-1", "4_weather=fog_y_m=0", "5_weather=fog_y_m=1",
    ]  # fmt: skip
    assert variants[4].values == {"weather": "fog", "y_m": 0.0}
    assert variants[3].edits == (
        SetEnvironment(weather="fog", prompt="In fog, ${y_m} is -1 m."),
        OffsetEgo(lateral_m=-1.0),
    )


def test_a_file_without_a_matrix_is_one_variant() -> None:
    (variant,) = expand_variants(spec_of("- crop: {radius_m: 5}"))
    assert (variant.name, variant.values, variant.edits) == ("some", {}, (Crop(radius_m=5.0),))


def test_values_of_any_kind_keep_their_kind() -> None:
    variants = expand_variants(
        spec_of(
            """
            matrix: {edit: [{crop: {radius_m: 3}}, {mirror: }], offset_m: [[1, 0, 0]]}
            edits: ["${edit}", {move_actor: {actor: a, offset_m: "${offset_m}"}}]
            """
        )
    )
    assert [variant.name for variant in variants] == ["0_edit=0_offset_m=0", "1_edit=1_offset_m=0"]
    assert variants[0].edits[0] == Crop(radius_m=3.0)
    assert variants[0].edits[1].offset_m == (1.0, 0.0, 0.0)  # type: ignore[union-attr]


def test_ranges_and_draws() -> None:
    assert radii("{range: [2, 4], count: 5}") == [2.0, 2.5, 3.0, 3.5, 4.0]
    assert radii("{choice: [5, 7, 9]}") == [5, 7, 9]
    drawn = radii("{choice: [5, 7, 9, 11], count: 3}")
    assert len(set(drawn)) == 3
    assert set(drawn) <= {5, 7, 9, 11}
    uniform = radii("{uniform: [2, 4], count: 50}")
    assert len(set(uniform)) == 50
    assert all(2 <= value <= 4 for value in uniform)
    assert min(uniform) < 2.2
    assert max(uniform) > 3.8
    assert radii("{uniform: [2, 4], count: 50}") == uniform
    assert radii("{uniform: [2, 4], count: 50}", "seed: 1") != uniform


def test_the_seed_alone_decides() -> None:
    """The numbers themselves, which have to be the same with every version of Python."""
    assert radii("{uniform: [1, 2], count: 2}", "seed: 5") == [1.070516826166776, 1.9411648363428544]
    assert radii("{choice: [1, 2, 3, 4, 5, 6], count: 4}", "seed: 5") == [1, 6, 5, 3]


def test_sampling_draws_different_combinations() -> None:
    text = """
    matrix: {{r: {{range: [1, 10], count: 10}}, weather: [rain, fog, snow]}}
    sample: {count}
    seed: 3
    edits: [{{crop: {{radius_m: "${{r}}"}}}}, {{set_environment: {{weather: "${{weather}}"}}}}]
    """
    some = [tuple(variant.values.values()) for variant in expand_variants(spec_of(text.format(count=12)))]
    assert len(set(some)) == 12
    every = [tuple(variant.values.values()) for variant in expand_variants(spec_of(text.format(count=30)))]
    assert len(set(every)) == 30
    assert every[:12] == some
    with pytest.raises(SceneError, match="sample is 31, but the matrix has only 30 combinations"):
        expand_variants(spec_of(text.format(count=31)))


def test_sampling_between_bounds() -> None:
    matrix = "{a_m: {uniform: [0, 1]}, weather: [rain, fog]}"
    edits = "[{offset_ego: {lateral_m: '${a_m}'}}, {set_environment: {weather: '${weather}'}}]"
    variants = expand_variants(spec_of(f"matrix: {matrix}\nsample: 40\nseed: 2\nedits: {edits}"))
    lateral_m = [variant.values["a_m"] for variant in variants]
    assert len(set(lateral_m)) == 40
    assert {variant.values["weather"] for variant in variants} == {"rain", "fog"}
    # what is drawn for one name does not depend on the others
    alone = "[{offset_ego: {lateral_m: '${a_m}'}}]"
    variants = expand_variants(spec_of(f"matrix: {{a_m: {{uniform: [0, 1]}}}}\nsample: 40\nseed: 2\nedits: {alone}"))
    assert [variant.values["a_m"] for variant in variants] == lateral_m


CROP = "edits: [{crop: {radius_m: '${r}'}}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("matrix: {r: 5}\n" + CROP, "matrix.r is 5; expected a list, or a mapping"),
        ("matrix: {r: []}\n" + CROP, "matrix.r is no list of values"),
        ("matrix: {r: {span: [1, 2]}}\n" + CROP, "no argument of matrix.r 'span'"),
        ("matrix: {r: {range: [1, 2]}}\n" + CROP, "matrix.r.count is missing"),
        ("matrix: {r: {range: [1, 2], count: 1}}\n" + CROP, "count is 1; expected at least 2"),
        ("matrix: {r: {range: [2, 2], count: 3}}\n" + CROP, "range is from 2 to 2"),
        ("matrix: {r: {uniform: [1, x]}}\nedits: [{crop: {radius_m: '${r}'}}]", r"uniform\[1\] is \"x\""),
        ("matrix: {r: {uniform: [1, 2]}}\n" + CROP, "only a file that says `sample` goes without"),
        ("matrix: {r: {choice: [1, 2], count: 3}}\n" + CROP, "draws 3 of 2 values"),
        ("matrix: {r: {range: [1, 2], count: 10001}}\n" + CROP, "10001 variants; expected at most"),
        ("matrix: {r: [1]}\nsample: 999999999\n" + CROP, "999999999 variants; expected at most"),
        ("matrix: {r: [1]}\nedits: [{crop: {radius_m: '${s}'}}]", "no name of the matrix 's'; expected one of r"),
        ("matrix: {r: [1], s: [2]}\n" + CROP, r"matrix.s is not used in the edits; write \${s}"),
        ("matrix: {r: [1, wide]}\n" + CROP, r"variant 1_r=wide, operation 1 \(crop\): radius_m is"),
    ],
)  # fmt: skip
def test_bad_matrices_are_named(text: str, message: str) -> None:
    with pytest.raises(SceneError, match=rf"^some\.yaml(: |, ).*{message}"):
        expand_variants(spec_of(text))


def test_many_combinations_are_refused_before_they_are_made() -> None:
    names = [f"n{index}" for index in range(20)]
    matrix = ", ".join(f"{name}: [1, 2, 3, 4]" for name in names)
    prompt = " ".join(f"${{{name}}}" for name in names)
    text = f"matrix: {{{matrix}}}\nedits: [{{set_environment: {{prompt: '{prompt}'}}}}]"
    with pytest.raises(SceneError, match=f"{4**20} variants; expected at most {MAX_VARIANTS}; sample some of them"):
        expand_variants(spec_of(text))
    assert len(expand_variants(spec_of(f"sample: 25\n{text}"))) == 25


@given(
    st.dictionaries(
        st.text(max_size=12),
        st.lists(st.text() | st.integers() | st.floats(-9, 9), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=60, deadline=None)
def test_names_are_different_and_fit_for_files(matrix: dict[str, list[Any]]) -> None:
    matrix = {f"n{name.replace('$', '').replace('{', '').replace('}', '')}": values for name, values in matrix.items()}
    edits = [{"set_environment": {"prompt": "-".join(["", *(f"${{{name}}}" for name in matrix)])}}]
    variants = expand_variants(EditSpec(name="x.yaml", edits=edits, matrix=matrix))
    names = [variant.name for variant in variants]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(name) <= 100
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-=")
