{#
  The batches that a model or a check must look at: {'from', 'to'}, meaning from < load_seq <= to.
  `from` is its own progress (0 for a full build), `to` the least progress of its nearest incremental parents: a parent that
  failed, or was not selected, holds its children back, and nothing new is an empty window.
  check: true in a test, whose progress is its own: `dbt build` checks what it has not passed yet, `dbt test` everything.
  The parents' progress lies beside the batches they have read: with --defer, where somebody else has built them.
  A check over tables that are not at the same point (one was not selected, or failed) waits until they are.
#}
{% macro load_window(check=false) %}
    {%- if model.resource_type == 'unit_test' -%}{{ return({'from': 0, 'to': 1000}) }}{%- endif -%}
    {%- set progress = ref('int_progress') -%}
    {%- set registered = ref('int_batch') -%}
    {%- if not introspects() -%}{{ return({'from': 4, 'to': 7}) }}{%- endif -%}
    {%- set name = check_reader(model) if check else model.name -%}
    {%- set parents = incremental_parents(model.unique_id) -%}
    {%- set seen = {} -%}
    {%- if load_relation(progress) is not none and load_relation(registered) is not none -%}
        {%- set query -%}
            select reader, max(load_seq) as load_seq
            from {{ progress }}
            where reader = '{{ name }}'
            group by reader
            union all
            select reader, max(load_seq) as load_seq
            from {{ registered.incorporate(path={'identifier': progress.identifier}) }}
            where reader in ('{{ parents | join("', '") }}')
            group by reader
            union all
            select '_registered_from' as reader, coalesce(min(load_seq), 0) as load_seq from {{ registered }}
        {%- endset -%}
        {%- for row in run_query(query).rows -%}{%- do seen.update({row[0]: row[1] | int}) -%}{%- endfor -%}
    {%- endif -%}
    {%- set from = 0 if check_all() or not (check or is_incremental()) else seen.get(name, 0) -%}
    {%- if not check and 0 < from and from < seen.get('_registered_from', 0) - 1 -%}
        {{ exceptions.raise_compiler_error(model.name ~ " still holds rows of a withdrawn batch, because the full refresh after the withdrawal did not reach it. Run `dbt build --full-refresh` again.") }}
    {%- endif -%}
    {%- set reached = [] -%}
    {%- set compared = [] -%}
    {%- for parent in parents -%}
        {%- do reached.append(seen.get(parent, 0)) -%}
        {%- if parent != 'int_batch' -%}{%- do compared.append(seen.get(parent, 0)) -%}{%- endif -%}
    {%- endfor -%}
    {%- if check and not check_all() and compared | unique | list | length > 1 -%}{{ return({'from': from, 'to': from}) }}{%- endif -%}
    {{ return({'from': from, 'to': [from, reached | min] | max}) }}
{% endmacro %}
