{#
  Rows of the touched dates, optionally with so many days before and after, that neighbours can be looked at. Without
  neighbours it also writes the dates into a comment, from which the strategy `replace` takes what to delete: dates that
  were touched, not those that came back, because a date may have become empty.
#}
{% macro within(column, touched, before=0, after=0) -%}
    {%- if touched.dates is none -%}
        1 = 1
    {%- else -%}
        {%- set days = [] -%}
        {%- for text in touched.dates -%}
            {%- set day = modules.datetime.date.fromisoformat(text) -%}
            {%- for n in range(-before, after + 1) -%}{%- do days.append((day + modules.datetime.timedelta(days=n)).isoformat()) -%}{%- endfor -%}
        {%- endfor -%}
        {{ dates_in(column, days) }}
        {%- if not before and not after %} /* touched [{{ touched.dates | join(' ') }}] */{% endif %}
    {%- endif %} /* window {{ touched.from }}..{{ touched.to }} */
{%- endmacro %}
