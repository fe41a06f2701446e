{#
  Why: two builds at once on Redshift. What a model has computed is outdated when another build has moved its progress since its
  window was read: written now, it would put older rows under a newer progress. Asked in the transaction that has the table's
  lock; a text that is no number stops it before anything has changed. Run again, the build goes on from there.
  Trap: a text without a column in it would be cast before the query runs, and fail always.
#}
{% macro refuse_outdated(model) %}
    {%- set window = modules.re.search('window ([0-9]+)[.][.]([0-9]+)', model.compiled_code or '') -%}
    {%- if introspects() and window -%}
    select cast(case when max(load_seq) > {{ window.group(1) }} then 'another build has written {{ model.name }} meanwhile, run this one again; it is at ' || max(load_seq) else '0' end as bigint) as outdated
    from {{ ref('int_progress') }}
    where reader = '{{ model.name }}';
    {%- endif -%}
{% endmacro %}
