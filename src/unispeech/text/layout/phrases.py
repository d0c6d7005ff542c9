"""Quality of breaks between words, by the parts of speech around them.

The rules are those of Netflix's and the BBC's guides: break after punctuation, or before a
conjunction or preposition; keep an article with its noun, a pronoun or an auxiliary with its verb.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

AFTER_SENTENCE, AFTER_CLAUSE, BEFORE_CONNECTIVE = 0.0, 2.0, 6.0
PLAIN, AFTER_BINDING, INSIDE_PHRASE = 12.0, 30.0, 120.0
"""Costs of a break, the best first."""

SENTENCE_END = re.compile(r"[.!?…。!?؟।][\"'”’»)\]」』]*$")
CLAUSE_END = re.compile(r"[,;:—–,、،;:؛][\"'”’»)\]」』]*$")

COUNT = re.compile(r"\b\d{1,3}$")
"""A number that may count the next word, in any language; one of four digits may be a year."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONNECTIVES: Mapping[str, frozenset[str]] = {
    "en": _words(
        "and or but nor so yet because although though while when where if unless until since "
        "that which who whom whose as than before after in on at by for from with without of to "
        "into onto over under about between through during against among toward"
    ),
    "de": _words(
        "und oder aber denn sondern weil obwohl während wenn als ob dass daß bevor nachdem damit "
        "der die das welcher welche welches wo wie in im an am auf aus bei beim mit nach seit "
        "von vom zu zum zur für gegen ohne um durch über unter vor hinter neben zwischen"
    ),
    "fr": _words(
        "et ou mais donc or ni car que qui dont où quand comme si parce puisque lorsque à au aux "
        "de du des en dans par pour sur sous avec sans chez vers entre"
    ),
    "es": _words(
        "y e o u pero sino porque aunque que quien cual donde cuando como si a al de del en por "
        "para con sin sobre entre hasta desde hacia"
    ),
    "it": _words(
        "e ed o ma perché anche che chi cui dove quando come se a al alla di del della da dal in "
        "nel nella con su sul per tra fra senza"
    ),
    "pt": _words(
        "e ou mas porque embora que quem onde quando como se a ao à de do da em no na por para "
        "com sem sobre entre até desde"
    ),
    "nl": _words(
        "en of maar want omdat hoewel terwijl als wanneer dat die wat waar in op aan bij met van "
        "voor naar uit over onder tussen door tegen zonder"
    ),
}
"""Conjunctions, relative pronouns and prepositions: the words to break before."""
BINDING: Mapping[str, frozenset[str]] = {
    "en": _words(
        "a an the this that these those my your his her its our their no every each some any i "
        "you he she it we they is are was were am be been being have has had do does did will "
        "would can could shall should may might must not to of in on at by for from with and or "
        "but"
    ),
    "de": _words(
        "der die das den dem des ein eine einen einem einer eines kein keine keinen mein meine "
        "dein sein seine ihr ihre unser unsere euer ich du er sie es wir ist sind war waren bin "
        "bist hat haben habe hatte wird werden kann muss soll will nicht zu in im an am auf aus "
        "bei mit nach von vom zum zur für und oder aber"
    ),
    "fr": _words(
        "le la les un une des du de au aux ce cet cette ces mon ma mes ton ta tes son sa ses "
        "notre nos votre vos leur leurs je tu il elle on nous vous ils elles ne se me te est "
        "sont a ont était à en dans par pour sur avec et ou mais"
    ),
    "es": _words(
        "el la los las un una unos unas lo este esta estos mi mis tu tus su sus nuestro yo él "
        "ella no se me te le es son está ha han de del a al en por para con y o pero"
    ),
    "it": _words(
        "il lo la i gli le un uno una questo questa mio mia tuo tua suo sua io tu lui lei noi "
        "non si mi ti è sono ha hanno di del della a al in con per e o ma"
    ),
    "pt": _words(
        "o a os as um uma uns umas este esta meu minha seu sua eu ele ela nós não se me te é são "
        "está tem de do da em no na por para com e ou mas"
    ),
    "nl": _words(
        "de het een dit dat deze die mijn jouw zijn haar ons onze hun ik jij je hij zij ze wij "
        "we is was waren ben heeft hebben had wordt kan moet zal niet te in op aan bij met van "
        "en of maar"
    ),
}
"""Articles, pronouns, auxiliaries and the like: the words not to break after."""
TITLES = _words(
    "mr mr. mrs mrs. ms ms. dr dr. prof prof. sir lady lord st st. mt mt. herr frau m. mme mlle "
    "sr sr. sra sra. señor señora signor signora don doña dom dona professor doctor king queen "
    "president captain"
)
"""Titles that stay on the line of their name, in small letters."""
RANKS = _words(
    "Mister Mistress Miss Madam Master Governor Senator Judge Justice Mayor Minister Chancellor "
    "Secretary Ambassador General Admiral Colonel Major Lieutenant Sergeant Inspector Detective "
    "Officer Prince Princess Duke Duchess Count Countess Baron Baroness Bishop Cardinal Pope Saint "
    "Father Sister Brother Uncle Aunt Monsieur Madame Mademoiselle Señorita Doktor Fräulein Graf "
    "Gräfin König Königin Kaiser Prinz Prinzessin Oberst"
)
"""Titles that are common words if they are not capitalised."""
NUMBERED = _words("no. no nr. nr № € $ £ ¥ §")
"""Words and signs that stay on the line of the number after them."""
UNITS = _words(
    "% ‰ ° °c °f km m cm mm µm nm ft yd kg g mg lb lbs oz l ml cl h hr hrs min sec ms hz khz mhz "
    "ghz kb mb gb tb w kw mw gw kv kj kcal cal pa hpa bar db € $ £ ¥ usd eur gbp percent cent "
    "prozent mille procent ciento million millions billion billions trillion thousand hundred "
    "dollars dollar euros euro pounds pence cents degrees meters metres kilometers kilometres "
    "miles feet inches grams kilograms kilos tons hours minutes seconds o'clock a.m. p.m. pm uhr "
    "grad meter kilometer zentimeter gramm kilo stunden minuten sekunden millionen milliarden "
    "milliarde tausend mille millions milliards heures mètres kilomètres millones horas metros "
    "kilómetros milioni miliardi metri"
)
"""Units and multipliers that stay on the line of their number, in small letters."""
HAN_DIGITS = frozenset("〇零一二三四五六七八九十百千万萬亿億两兩几幾半")
"""Chinese and Japanese digits, and the words for "two" and "several" before a measure word."""
MEASURES = frozenset(
    "个個位名只隻条條张張本台臺辆輛家座间間所架艘匹头頭口把支枝根片块塊颗顆粒滴杯碗瓶盒包袋箱份"
    "双雙对對副套件种種类類群批次遍回场場番趟顿頓页頁章节節段句首部篇封枚層层級级届屆倍成代"
    "岁歲歳年月日天周週号號点點时時分秒元角圆圓円米尺寸里斤两克吨噸度亩畝人匹冊册軒"
)
"""Measure words, which stay on the line of their number."""
EDGES = ".,;:!?\"'()[]«»“”„…"


def bare(text: str) -> str:
    """A word in small letters without the punctuation around it."""
    return text.strip().strip(EDGES).lower()


def break_cost(before: str, after: str, language: str) -> float:
    """The cost of a break between two words; 0 is the best."""
    if SENTENCE_END.search(before) and before.strip().lower() not in TITLES:
        return AFTER_SENTENCE
    if CLAUSE_END.search(before):
        return AFTER_CLAUSE
    if COUNT.search(before) and after.strip()[:1].isalpha():
        return AFTER_BINDING
    last = bare(before)
    if last in BINDING.get(language, ()) or last in CONNECTIVES.get(language, ()):
        return AFTER_BINDING
    if bare(after) in CONNECTIVES.get(language, ()):
        return BEFORE_CONNECTIVE
    return PLAIN


def belongs_together(before: str, after: str) -> bool:
    """True between a number and its unit, parts of a number, and a title and a name."""
    left, right = before.strip(), after.strip()
    if not left or not right:
        return False
    is_number = left[-1].isdigit() or left[-1] in HAN_DIGITS
    if is_number and (right[0] in MEASURES or right[0] in HAN_DIGITS):
        return True
    if left[-1].isdigit():
        is_group = bool(re.match(r"\d{3}(\D|$)", right)) and bool(re.search(r"\b\d{1,3}$", left))
        return is_group or right.lower().rstrip(",;:!?") in UNITS or bare(right) in UNITS
    if right[0].isdigit():
        return left.lower() in NUMBERED
    return (left.lower() in TITLES or left in RANKS) and right[0].isupper()
