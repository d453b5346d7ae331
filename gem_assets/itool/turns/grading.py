"""The policy's own opinion of a turn: how likely it gives each of the grades A to D.

The grades are read as probabilities of four given continuations, not out of a written answer: a bracket that
happens to be likely cannot be taken for a grade. Does not belong here: what a grade is worth (`reward`).
"""

from gem_assets.datasets.chat_template import render_chat
from gem_assets.itool.items.item import Item
from gem_assets.itool.search.policy import Policy, choose
from gem_assets.itool.turns.reward import Grade
from gem_assets.prompts.prompt import Prompt, escape

PROMPT = "grade_turn"
_LEAD = "("
_OPTIONS = ("A)", "B)", "C)", "D)")
_NO_REFERENCE = "There is none."


def grade_by(policy: Policy, item: Item, prompt: Prompt) -> Grade:
    """Make the function that asks a policy, by a prompt, to grade turns of an item."""

    def grade(text: str) -> tuple[float, float, float, float]:
        first, second, third, fourth = choose(policy, grading_question(prompt, item, text), _OPTIONS)
        return first, second, third, fourth

    return grade


def grading_question(prompt: Prompt, item: Item, text: str) -> str:
    """Render the question, up to where the letter of the grade follows."""
    fields = {
        "dialogue": escape(item.prompt),
        "reference": escape(_NO_REFERENCE if item.gold is None else item.gold),
        "turn": escape(text),
    }
    question = prompt.render(fields)
    return render_chat([{"role": "user", "content": question}], open_turn=True) + _LEAD
