{#- Each of these columns holds one of its words or is null, and the required columns are never null. `words`: column to list. -#}
{% test accepted_words(model, words, required=[]) %}
select {{ (words.keys() | list + required) | unique | join(', ') }}
from {{ model }}
where false
{%- for column, known in words.items() %}
    or {{ column }} not in ({% for word in known %}{{ sql_text(word) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endfor %}
{%- for column in required %}
    or {{ column }} is null
{%- endfor %}
{% endtest %}
