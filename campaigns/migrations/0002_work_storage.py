from django.db import migrations

# The queue is updated several times a row and stays small: leave room on its pages and vacuum it early.
TUNE = "ALTER TABLE campaigns_work SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 200)"
RESET = "ALTER TABLE campaigns_work RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)"


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]
    operations = [migrations.RunSQL(TUNE, RESET)]
