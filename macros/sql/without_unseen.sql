{#
    A text in which every blank of Unicode, tabs and line ends included, is a plain one, and what
    nobody sees is gone: controls, zero-width signs, byte order marks, soft hyphens.

    {{ without_unseen('email') }}  →  a no-break space becomes a space, a zero-width one nothing
#}
{% macro without_unseen(text) -%}
    {%- set blanks =
        '\u0009\u000a\u000b\u000c\u000d\u0085\u00a0\u1680\u2000\u2001\u2002\u2003' ~
        '\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
    -%}
    {%- set unseen =
        '\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000e\u000f\u0010\u0011' ~
        '\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d' ~
        '\u001e\u001f\u007f\u0080\u0081\u0082\u0083\u0084\u0086\u0087\u0088\u0089' ~
        '\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095' ~
        '\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f\u00ad\u034f' ~
        '\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u200b\u200c\u200d' ~
        '\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064' ~
        '\u2065\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u3164' ~
        '\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b' ~
        '\ufe0c\ufe0d\ufe0e\ufe0f\ufeff\uffa0\ufff9\ufffa\ufffb'
    -%}
    translate({{ text }}, '{{ blanks ~ unseen }}', '{{ ' ' * (blanks | length) }}')
{%- endmacro %}
