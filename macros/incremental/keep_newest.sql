{#
  The latest version of each key wins, by (arrived_at, batch_id, source_row): a rule that does not ask in which order the
  batches came. Reads a CTE with the key, the columns and `_arrived_at _batch_id _source_row _load_seq`; writes the last
  select of a model whose rows are replaced by that key.
  `_load_seq` stays that of the batch which last changed a value, so that a daily dump of unchanged rows touches nothing.
  first: a boolean column that goes before arrival: a true version beats any false one (metadata beats a mention).
  known_dates: literal event dates that bound what is read of the model itself (none: all of it).
#}
{% macro keep_newest(version, key, columns, known_dates=none, first=none) -%}
{%- set keys = [key] if key is string else key -%}
{%- set origin = ['_arrived_at', '_batch_id', '_source_row'] -%}
    select
        {% for c in keys + columns + origin %}newest.{{ c }},
        {% endfor -%}
        {%- if is_incremental() %}case
            when known._batch_id is not null{% for c in columns %}
                and {{ same_value('known.' ~ c, 'newest.' ~ c) }}{% endfor %}
                then known._load_seq
            else newest._load_seq
        end as _load_seq
        {%- else %}newest._load_seq
        {%- endif %}
    from (
        select
            {{ version }}.*,
            row_number() over (
                partition by {{ keys | join(', ') }}
                order by {% if first %}{{ first }} desc, {% endif %}_arrived_at desc, _batch_id desc, _source_row desc, _load_seq desc
            ) as _recency
        from {{ version }}
    ) as newest
    {% if is_incremental() -%}
    left join (
        select * from {{ this }}{% if known_dates is not none %} where {{ dates_in('event_date', known_dates) }}{% endif %}
    ) as known
        on {% for k in keys %}newest.{{ k }} = known.{{ k }}{{ ' and ' if not loop.last }}{% endfor %}
    {% endif -%}
    where newest._recency = 1
    {%- if is_incremental() %}
        and (
            known._batch_id is null
            {% if first %}or (newest.{{ first }} and not known.{{ first }})
            or (newest.{{ first }} = known.{{ first }} and {% else %}or ({% endif -%}
            (
                newest._arrived_at > known._arrived_at
                or (newest._arrived_at = known._arrived_at and newest._batch_id > known._batch_id)
                or (newest._arrived_at = known._arrived_at and newest._batch_id = known._batch_id and newest._source_row > known._source_row)
            ))
        )
    {%- endif %}
{%- endmacro %}
