{#
  The rows of the raw zone fulfil the contract of their input: what the lander promised, asked again of what the engine reads.
  Looks at the batches registered since it last passed; under `dbt test` at all.
#}
{% test contract_holds(model, conditions, input) %}
{{ config(tags=['audit']) }}
{%- set window = load_window(check=true) %}
{%- set named = {} %}
{%- for rule in conditions %}{% do named.update({rule.name: rule.condition}) %}{% endfor %}

with

batch as (

    select * from {{ ref('int_batch') }} where input = '{{ input }}' and {{ in_window('load_seq', window) }}

),

checked as (

    select landed.*
    from {{ model }} as landed
    inner join batch on landed.batch_id = batch.batch_id
    where {{ arrived_in('landed.arrival_date', [input], window) }}

),

{{ broken_rules('checked', named) }}
{% endtest %}
