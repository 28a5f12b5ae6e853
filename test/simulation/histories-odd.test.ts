import { checkHistories } from '../support/simulation/check-histories.ts';

checkHistories(1, 2);
