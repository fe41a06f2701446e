{#
  Why: two builds at once on Snowflake, whose INSERTs do not wait for each other. The first statements of a transaction that
  writes a model: an UPDATE of the model's own progress, which the other build's waits for, and the model's new progress, if
  nobody has moved it since the model's window was read. If somebody has, a text that is no number stops the transaction
  before it has changed anything; run again, the build goes on from there.
  Trap: a text without a column in it would be cast while Snowflake compiles, and fail always.
#}
{% macro lock_progress(model) %}
    {%- set window = modules.re.search('window ([0-9]+)[.][.]([0-9]+)', model.compiled_code or '') -%}
    {%- if introspects() and window and window.group(2) | int > window.group(1) | int -%}
    {%- set progress = ref('int_progress') -%}
    {%- set text = 'another build has written ' ~ model.name ~ ' meanwhile, run this one again; it is at ' -%}
    update {{ progress }} set load_seq = load_seq where reader = '{{ model.name }}';
    insert into {{ progress }} (reader, load_seq)
    select
        '{{ model.name }}' as reader,
        cast(case when max(load_seq) > {{ window.group(1) }} then '{{ text }}' || max(load_seq) else '{{ window.group(2) }}' end as number(38, 0)) as load_seq
    from {{ progress }}
    where reader = '{{ model.name }}';
    {%- endif -%}
{% endmacro %}
