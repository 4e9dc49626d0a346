{#
    How phone numbers are written in a country.

    phone_region('GB')
    →  {'calling_code': '44', 'trunk_prefix': '0', 'shortest': 9, 'longest': 10,
        'international_prefix': '00'}

    The trunk prefix is dialled within the country only. Shortest and longest count the digits of
    an ordinary landline or mobile number without it. The international prefix is written in the
    table only where people dial another than 00, and then as a pattern that has both.
#}
{% macro phone_region(region) -%}
    {%- set regions = {
        'AE': ['971', '0', 8, 9],
        'AR': ['54', '0', 10, 11],
        'AT': ['43', '0', 7, 13],
        'AU': ['61', '0', 9, 9, '0011|00'],
        'BD': ['880', '0', 8, 10],
        'BE': ['32', '0', 8, 9],
        'BR': ['55', '0', 10, 11],
        'CA': ['1', '1', 10, 10, '011|00'],
        'CH': ['41', '0', 9, 9],
        'CL': ['56', '', 9, 9],
        'CN': ['86', '0', 9, 11],
        'CO': ['57', '', 10, 10],
        'CZ': ['420', '', 9, 9],
        'DE': ['49', '0', 6, 13],
        'DK': ['45', '', 8, 8],
        'EG': ['20', '0', 8, 10],
        'ES': ['34', '', 9, 9],
        'FI': ['358', '0', 6, 10],
        'FR': ['33', '0', 9, 9],
        'GB': ['44', '0', 9, 10],
        'GR': ['30', '', 10, 10],
        'HK': ['852', '', 8, 8],
        'HU': ['36', '06', 8, 9],
        'ID': ['62', '0', 8, 12],
        'IE': ['353', '0', 7, 9],
        'IL': ['972', '0', 8, 9],
        'IN': ['91', '0', 10, 10],
        'IT': ['39', '', 6, 11],
        'JP': ['81', '0', 9, 10, '010|00'],
        'KE': ['254', '0', 9, 9],
        'KR': ['82', '0', 8, 10],
        'MX': ['52', '', 10, 10],
        'MY': ['60', '0', 8, 10],
        'NG': ['234', '0', 8, 10],
        'NL': ['31', '0', 9, 9],
        'NO': ['47', '', 8, 8],
        'NZ': ['64', '0', 8, 10],
        'PE': ['51', '0', 8, 9],
        'PH': ['63', '0', 8, 10],
        'PK': ['92', '0', 9, 10],
        'PL': ['48', '', 9, 9],
        'PT': ['351', '', 9, 9],
        'RO': ['40', '0', 9, 9],
        'RU': ['7', '8', 10, 10, '810|00'],
        'SA': ['966', '0', 9, 9],
        'SE': ['46', '0', 7, 9],
        'SG': ['65', '', 8, 8],
        'TH': ['66', '0', 8, 9],
        'TR': ['90', '0', 10, 10],
        'TW': ['886', '0', 8, 9],
        'UA': ['380', '0', 9, 9],
        'US': ['1', '1', 10, 10, '011|00'],
        'VN': ['84', '0', 9, 10],
        'ZA': ['27', '0', 9, 9],
    } -%}
    {%- if region not in regions -%}
        {{ exceptions.raise_compiler_error(
            "no phone region '" ~ region ~ "' (var default_phone_region). Choose from "
            ~ regions | join(', ') ~ "; another one takes a line in macros/sql/phone_region.sql."
        ) }}
    {%- endif -%}
    {%- set line = regions[region] -%}
    {{ return({
        'calling_code': line[0],
        'trunk_prefix': line[1],
        'shortest': line[2],
        'longest': line[3],
        'international_prefix': line[4] | default('00'),
    }) }}
{%- endmacro %}
