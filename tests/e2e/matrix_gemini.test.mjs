// Programs that speak this dialect get what they expect from every upstream.
import { run_matrix } from './support/matrix.mjs';

run_matrix('gemini');
