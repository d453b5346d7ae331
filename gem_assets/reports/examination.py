"""`gem doctor` on a terminal."""

from collections.abc import Sequence

from gem_assets.llm.doctor import RoleReport


def render_examination(roles: Sequence[RoleReport]) -> str:
    """Tell of each role what answers, how fast, at what price; and what is wrong."""
    return "\n".join(line for role in roles for line in _lines(role))


def _lines(role: RoleReport) -> list[str]:
    state = {True: "ok", False: "WRONG", None: "-"}[role.ok]
    where = f" at {role.base_url}" if role.base_url else ""
    lines = [f"{role.role:12} {state:6} {role.model or 'not set'}{where}"]
    if role.note:
        lines.append(f"{'':19} {role.note}")
    if role.ok:
        json = {True: "yes", False: "no", None: "unknown"}[role.answers_json_schema]
        lines.append(
            f"{'':19} {role.latency_seconds or 0:.1f} s; price per million tokens "
            f"{_price(role.input_price)} in, {_price(role.output_price)} out; "
            f"context {role.context_size or 'unknown'}; JSON schema {json}"
        )
    return lines


def _price(price: float | None) -> str:
    return "unknown" if price is None else f"${price:g}"
