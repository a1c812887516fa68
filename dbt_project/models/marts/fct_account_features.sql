{#- Filled only where no target has a table of its own: storing the wide join twice would double the time and the file. -#}
{{ wide_table(none, var('targets') | length == 0) }}
