{#
  Why: division to six decimals, rounded half up, the same on every engine. DuckDB divides decimals as doubles (4.1831 / 8 comes
  out as 0.522887, a millionth short) and Snowflake rounds to twelve decimals first, so that 0.0000014999999999 would end as
  0.000002: whole millionths are divided there. Trino's quotient of decimals has the scale of the operands, rounded once; that
  of Redshift has sixteen or more digits. The numerator must not be negative; null where the denominator is nought.
  Whole numbers that cannot overflow 64 bits are divided as such on DuckDB: 80 times faster than in 128 bits.
#}
{% macro ratio(numerator, denominator) -%}{{ return(adapter.dispatch('ratio', 'media_stream_analytics')(numerator, denominator)) }}{%- endmacro %}

{% macro default__ratio(numerator, denominator) %}
    {{ return('cast(round(cast(' ~ numerator ~ ' as decimal(28, 6)) / nullif(' ~ denominator ~ ', 0), 6) as decimal(18, 6))') }}
{% endmacro %}

{% macro snowflake__ratio(numerator, denominator) %}
    {%- set millionths = 'cast(cast(' ~ numerator ~ ' as decimal(28, 6)) * 1000000 as decimal(34, 0))' -%}
    {%- set quotient = div_floor('(2 * ' ~ millionths ~ ' + ' ~ denominator ~ ')', 'nullif(2 * ' ~ denominator ~ ', 0)') -%}
    {{ return('cast(' ~ quotient ~ ' * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))') }}
{% endmacro %}

{% macro redshift__ratio(numerator, denominator) %}{{ return(media_stream_analytics.default__ratio(numerator, denominator)) }}{% endmacro %}

{% macro duckdb__ratio(numerator, denominator) %}
    {%- set above, below = 'try_cast(' ~ numerator ~ ' as bigint)', 'try_cast(' ~ denominator ~ ' as bigint)' -%}
    {%- set is_whole = above ~ ' = ' ~ numerator ~ ' and ' ~ below ~ ' = ' ~ denominator -%}
    {%- set is_small = above ~ ' < 4000000000000 and ' ~ below ~ ' < 4000000000000' -%}
    {%- set millionths = [] -%}
    {%- for operand in (numerator, denominator) -%}
        {%- do millionths.append('cast(' ~ operand ~ ' * cast(1000000 as decimal(28, 0)) as hugeint)') -%}
    {%- endfor -%}
    {{ return(
        'case when ' ~ is_whole ~ ' and ' ~ is_small ~ ' then ' ~ rounded_quotient(above, below)
        ~ ' else ' ~ rounded_quotient(millionths[0], millionths[1]) ~ ' end'
    ) }}
{% endmacro %}

{% macro rounded_quotient(above, below) %}
    {%- set quotient = '(2000000 * ' ~ above ~ ' + ' ~ below ~ ') // nullif(2 * ' ~ below ~ ', 0)' -%}
    {{ return('cast(cast(' ~ quotient ~ ' as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))') }}
{% endmacro %}
